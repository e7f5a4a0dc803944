// Los capítulos, en un proyector: un bloque del cambio por pantalla, y lo demás cuando se pide.
//
// La página ya trae lo que se enseña: aquí se lee, y no se escribe nada nuevo. El estado lo tiene la ventana
// que ve la clase; la de quien la da le envía sus teclas, y recibe el estado.
"use strict";

(() => {
    const cambio = document.querySelector("main h2#el-cambio, main h2#el-programa");
    if (!cambio) return;

    const TECLAS = [
        ["→, ←", "el bloque siguiente, y el anterior (también Av Pág y Re Pág, que es lo que envía un mando)"],
        ["Inicio, Fin", "el primero, y el último («Quita una línea» va detrás del cambio)"],
        ["número e Intro", "ese bloque"],
        ["q", "la pregunta"],
        ["b", "la buena respuesta"],
        ["e", "la respuesta equivocada típica"],
        ["s", "para seguir: otra pregunta"],
        ["r", "la respuesta de esa"],
        ["c", "cómo se sabe: la prueba"],
        ["f", "el fichero entero, con el bloque marcado"],
        ["a", "una pregunta, al azar y sin repetir"],
        ["t", "el reloj: en marcha, o parado (T: otra vez a diez minutos)"],
        ["o", "claro, u oscuro"],
        ["↑, ↓", "sube y baja el código"],
        ["Mayús ↑, ↓", "sube y baja lo que hay debajo"],
        ["i", "otra ventana, para quien da la clase"],
        ["?", "estas teclas"],
        ["p, Esc", "sale (a pantalla completa, antes: F11)"],
    ];
    // Lo que se enseña de una pregunta, con su tecla y su título.
    const PARTES = {
        q: ["pregunta", "Pregunta"],
        b: ["buena", "Buena respuesta"],
        e: ["equivocada", "Respuesta equivocada típica"],
        s: ["seguir", "Para seguir"],
        r: ["respuesta", "Su respuesta"],
        c: ["prueba", "Cómo se sabe"],
    };
    const DIEZ_MINUTOS = 10 * 60 * 1000;
    // En una pantalla de 1280 puntos: con menos, quien se sienta al fondo no lee; con más, no caben 80 columnas.
    const LETRA = { minima: 24, maxima: 28 };
    const ANCHO = 1280;
    // Lo que puede sobrar por redondear.
    const REDONDEO = 2;
    const INTERLINEA = [1.3, 1.2, 1.1, 1.04];

    const PASO = /(\d\d|final)[^/]*$/.exec(location.pathname)?.[1] ?? "";
    const parametros = new URLSearchParams(location.search);
    const instructor = parametros.has("instructor") && window.opener !== null;
    const ficheros = leerFicheros();
    const bloques = leerBloques();
    const estado = {
        proyectando: false,
        bloque: 0,
        partes: [],
        fichero: false,
        teclas: false,
        numero: "",
        resta: DIEZ_MINUTOS,
        // Desde cuándo anda el reloj, si anda.
        desde: null,
        // En la ventana de quien da la clase: la otra ha dejado de proyectar.
        fuera: false,
    };
    let bolsa = [];
    let otra = instructor ? window.opener : null;
    let aviso = "";
    // El bloque que se ha visto lo último, y lo que se ha sabido lo último de la otra ventana.
    let visto = -1;
    let sabido = "";

    // ---------- Lo que dice la página ----------

    function leerFicheros() {
        const ficheros = new Map();
        const titulo = document.querySelector("main h2#los-ficheros-enteros");
        for (let uno = titulo?.nextElementSibling; uno; uno = uno.nextElementSibling) {
            const nombre = uno.querySelector("summary code")?.textContent;
            const texto = uno.querySelector("pre code")?.textContent;
            if (nombre && texto) ficheros.set(nombre, texto.replace(/\n$/, "").split("\n"));
        }
        return ficheros;
    }

    function leerBloques() {
        const diferencia = cambio.id === "el-cambio";
        const lenguajes = diferencia ? ["diff"] : ["rust", "toml"];
        const bloques = [];
        const preguntas = [];
        let apartado = null;
        for (let uno = cambio.nextElementSibling; uno; uno = uno.nextElementSibling) {
            if (uno.tagName === "H2") break;
            if (uno.tagName === "H3") {
                apartado = { sitio: uno, titulo: uno.textContent, prosa: [], bloques: [] };
                continue;
            }
            if (!apartado) continue;
            const codigo = uno.tagName === "PRE" && uno.querySelector("code");
            const resumen = uno.tagName === "DETAILS" && uno.querySelector("summary");
            if (codigo && lenguajes.some((suyo) => codigo.classList.contains(`language-${suyo}`))) {
                const lineas = codigo.textContent.replace(/\n$/, "").split("\n");
                apartado.bloques.push({ apartado, diferencia, lineas });
                bloques.push(apartado.bloques.at(-1));
            } else if (resumen && resumen.textContent.startsWith("Pregunta: ")) {
                // La pregunta es del último bloque de su apartado, si no dice otro.
                const suyo = apartado.bloques.at(Number(uno.dataset.bloque ?? 0) - 1);
                preguntas.push(leerPregunta(uno, resumen));
                suyo.pregunta = preguntas.at(-1);
                suyo.numero = `pregunta ${PASO}.${preguntas.length}`;
                apartado.conPregunta = suyo;
            } else {
                apartado.prosa.push(uno);
            }
        }
        situar(bloques);
        const predicciones = leerPredicciones();
        for (const { prueba } of preguntas) {
            const otro = /^Prueba: el cambio (\d+) de «Quita una línea»/.exec(prueba[0]?.textContent);
            if (otro) prueba.push(...predicciones[otro[1] - 1].cambio);
        }
        return [...bloques, ...predicciones];
    }

    // Los cambios de «Quita una línea»: se enseña el cambio, y se pregunta qué pasa.
    function leerPredicciones() {
        const predicciones = [];
        const codigos = document.querySelectorAll("h2#quita-una-línea ~ pre:has(code.language-diff)");
        for (const codigo of codigos) {
            const [enunciado, plegado] = [codigo.previousElementSibling, codigo.nextElementSibling];
            if (!/^\d+\. /.test(enunciado?.textContent) || plegado?.tagName !== "DETAILS") continue;
            const titulo = `Quita una línea: ${enunciado.querySelector("strong").textContent.replace(/^\d+\. /, "")}`;
            const resto = enunciado.cloneNode(true);
            resto.querySelector("strong").remove();
            resto.innerHTML = resto.innerHTML.trim().replace(/:$/, ".");
            const [resumen, ...respuesta] = plegado.children;
            const que = crear("p", "", { textContent: `¿${resumen.textContent}?` });
            const pregunta = { pregunta: resto.textContent ? [resto, que] : [que], buena: respuesta };
            const lineas = codigo.querySelector("code").textContent.replace(/\n$/, "").split("\n");
            const fichero = lineas[0].replace("--- ", "");
            const entero = ficheros.get(fichero) ?? [];
            const antes = lineas.slice(1).filter((linea) => linea[0] !== "+").map((linea) => linea.slice(1));
            const desde = entero.findIndex((_, i) => antes.every((linea, j) => entero[i + j] === linea));
            predicciones.push({
                apartado: { sitio: enunciado, titulo, prosa: [] },
                pregunta,
                numero: `experimento ${PASO}.${predicciones.length + 1}`,
                diferencia: true,
                prediccion: true,
                cambio: [codigo, ...respuesta],
                lineas,
                fichero,
                suyas: desde < 0 ? [] : antes.map((_, i) => desde + i + 1),
            });
        }
        return predicciones;
    }

    function leerPregunta(plegado, resumen) {
        const pregunta = { pregunta: [sinInicio(resumen, "Pregunta: ")], nivel: plegado.className, prueba: [] };
        for (const uno of plegado.children) {
            if (uno === resumen) continue;
            if (uno.tagName !== "UL") {
                pregunta.prueba.push(uno);
                continue;
            }
            for (const punto of uno.children) {
                const marca = punto.querySelector("strong").textContent;
                const parte = sinInicio(punto, marca);
                if (marca === "Buena respuesta:") pregunta.buena = [parte];
                if (marca === "Respuesta equivocada típica:") pregunta.equivocada = citar(parte);
                if (marca === "Para seguir:") [pregunta.seguir, pregunta.respuesta] = partir(parte);
            }
        }
        return pregunta;
    }

    function sinInicio(elemento, inicio) {
        const copia = document.createElement("p");
        const html = elemento.innerHTML.replace(`<strong>${inicio}</strong>`, "").trim();
        copia.innerHTML = html.startsWith(inicio) ? html.slice(inicio.length) : html;
        // Aquí empieza la frase, si lo primero no es código.
        const primero = copia.firstChild;
        if (primero?.nodeType === Node.TEXT_NODE) {
            primero.data = primero.data.replace(/^[¿«\s]*\p{Ll}/u, (letra) => letra.toUpperCase());
        }
        return copia;
    }

    // Lo que se dice, y lo que revela: eso no es para la clase.
    function citar(parte) {
        const fin = parte.innerHTML.indexOf("»") + 1;
        if (fin === 0 || fin === parte.innerHTML.length) return [parte];
        const [dicho, revela] = [crear("p"), crear("p", "revela")];
        dicho.innerHTML = parte.innerHTML.slice(0, fin);
        revela.innerHTML = parte.innerHTML.slice(fin).replace(/^\.? */, "");
        return [dicho, revela];
    }

    // Lo último entre paréntesis es la respuesta.
    function partir(parte) {
        const html = parte.innerHTML.trim();
        let abiertos = 0;
        let corte = html.length;
        do {
            corte -= 1;
            if (html[corte] === ")") abiertos += 1;
            if (html[corte] === "(") abiertos -= 1;
        } while (abiertos > 0 && corte > 0);
        const parrafo = (dentro) => {
            const nuevo = document.createElement("p");
            nuevo.innerHTML = dentro;
            return [nuevo];
        };
        return [parrafo(html.slice(0, corte)), parrafo(html.slice(corte + 1, -1))];
    }

    // De qué fichero es cada bloque, y qué líneas tiene en él.
    function situar(bloques) {
        let fichero = null;
        let linea = 0;
        const pendientes = [...ficheros.keys()];
        for (const bloque of bloques) {
            const suyas = [];
            for (const texto of bloque.lineas) {
                const trozo = /^@@ -\S+ \+(\d+)/.exec(texto);
                if (bloque.diferencia && texto.startsWith("--- ")) {
                    fichero = texto.replace(/^--- (a\/)?/, "");
                } else if (bloque.diferencia && texto.startsWith("+++ ")) {
                    if (texto.startsWith("+++ b/")) fichero = texto.slice("+++ b/".length);
                    linea = 0;
                } else if (bloque.diferencia && trozo) {
                    linea = Number(trozo[1]) - 1;
                } else if (!bloque.diferencia || !texto.startsWith("-")) {
                    const dice = bloque.diferencia ? texto.slice(1) : texto;
                    // En el primer capítulo, un fichero va detrás de otro.
                    if (!bloque.diferencia && (!fichero || linea >= ficheros.get(fichero).length)) {
                        fichero = pendientes.shift();
                        linea = 0;
                    }
                    // Las líneas en blanco de los bordes de un bloque no están.
                    const entero = ficheros.get(fichero) ?? [];
                    while (dice.trim() && entero[linea] === "") linea += 1;
                    linea += 1;
                    suyas.push(linea);
                }
            }
            Object.assign(bloque, { fichero, suyas });
        }
    }

    // ---------- Lo que se ve ----------

    const proyector = crear("div", "", { id: "proyector", tabIndex: -1 });
    proyector.setAttribute("role", "application");
    proyector.setAttribute("aria-label", "El cambio, bloque a bloque; con «?», las teclas");

    function crear(etiqueta, clase = "", propiedades = {}, hijos = []) {
        const elemento = Object.assign(document.createElement(etiqueta), propiedades);
        if (clase) elemento.className = clase;
        elemento.append(...hijos);
        return elemento;
    }

    function claseDe(bloque, texto) {
        if (!bloque.diferencia) return "linea";
        if (/^(@@ |--- |\+\+\+ )/.test(texto)) return "linea cabecera";
        return { "+": "linea mas", "-": "linea menos" }[texto[0]] ?? "linea";
    }

    // Si no cabe, lo que sobra va debajo, un poco más adentro que ella.
    function lineaDe(clase, texto, ...antes) {
        const linea = crear("span", clase, {}, [...antes, texto || " "]);
        linea.style.setProperty("--sangria", /^[-+]? */.exec(texto)[0].length + 2);
        return linea;
    }

    function codigoDe(bloque) {
        return crear("pre", "codigo", {}, bloque.lineas.map((texto) => lineaDe(claseDe(bloque, texto), texto)));
    }

    function ficheroDe(bloque) {
        const lineas = ficheros.get(bloque.fichero) ?? ["(este fichero ya no está)"];
        const linea = (texto, i) => {
            const suya = bloque.suyas.includes(i + 1);
            const numero = crear("span", "numero", { textContent: `${i + 1}` });
            return lineaDe(suya ? "linea suya" : "linea", texto, numero);
        };
        return crear("pre", "codigo entero", {}, lineas.map(linea));
    }

    function lugarDe(bloque) {
        const [desde, hasta] = [bloque.suyas[0], bloque.suyas.at(-1)];
        if (!desde) return bloque.fichero;
        return bloque.fichero + (desde === hasta ? `, línea ${desde}` : `, líneas ${desde}–${hasta}`);
    }

    function parteDe(bloque, tecla) {
        const [nombre, titulo] = PARTES[tecla];
        const copias = bloque.pregunta[nombre].map((nodo) => {
            const codigo = nodo.tagName === "PRE" && nodo.querySelector("code.language-diff");
            if (!codigo) return nodo.cloneNode(true);
            return codigoDe({ diferencia: true, lineas: codigo.textContent.trimEnd().split("\n") });
        });
        const cabecera = crear("strong", "", { textContent: titulo });
        return crear("div", `parte ${nombre}`, {}, [cabecera, ...copias]);
    }

    function teclas() {
        const fila = ([tecla, que]) => [
            crear("dt", "", { textContent: tecla }),
            crear("dd", "", { textContent: que }),
        ];
        return crear("dl", "teclas", {}, TECLAS.flatMap(fila));
    }

    function restan() {
        return estado.resta - (estado.desde === null ? 0 : Date.now() - estado.desde);
    }

    function ponerHora() {
        const reloj = proyector.querySelector(".reloj");
        if (!reloj) return;
        const segundos = Math.ceil(restan() / 1000);
        const dos = (numero) => String(numero).padStart(2, "0");
        const pasados = Math.abs(segundos);
        const hora = `${dos(Math.floor(pasados / 60))}:${dos(pasados % 60)}`;
        reloj.textContent = segundos < 0 ? `+${hora}` : hora;
        reloj.classList.toggle("agotado", segundos <= 0);
    }

    function cabeceraDe(bloque) {
        const donde = `${estado.bloque + 1} de ${bloques.length}`;
        const ir = estado.numero ? `  →  ${estado.numero}` : "";
        const conReloj = estado.desde !== null || estado.resta !== DIEZ_MINUTOS || instructor;
        return crear("header", "", {}, [
            crear("span", "donde", { textContent: donde + ir }),
            crear("strong", "titulo", { textContent: bloque.apartado.titulo }),
            crear("span", "lugar", { textContent: lugarDe(bloque) }),
            crear("span", "numero-de-pregunta", { textContent: bloque.numero ?? "" }),
            ...(conReloj ? [crear("span", "reloj")] : []),
            crear("span", "ayuda", { textContent: "? teclas" }),
        ]);
    }

    function pintar() {
        document.documentElement.classList.toggle("proyectando", estado.proyectando);
        if (!estado.proyectando) {
            proyector.remove();
            return;
        }
        if (!proyector.isConnected) document.body.append(proyector);
        const bloque = bloques[estado.bloque];
        proyector.replaceChildren(cabeceraDe(bloque), ...(instructor ? suyo(bloque) : deLaClase(bloque)));
        ponerHora();
        if (!instructor) ajustar();
        if (instructor && visto !== estado.bloque) proyector.scrollTop = 0;
        visto = estado.bloque;
        proyector.focus({ preventScroll: true });
    }

    function deLaClase(bloque) {
        const codigo = estado.fichero ? ficheroDe(bloque) : codigoDe(bloque);
        const debajo = crear("section", "panel");
        debajo.setAttribute("aria-live", "polite");
        if (aviso) debajo.append(crear("p", "aviso", { textContent: aviso }));
        if (estado.teclas) debajo.append(teclas());
        debajo.append(...estado.partes.map((tecla) => parteDe(bloque, tecla)));
        return [codigo, debajo];
    }

    // Lo que ve quien da la clase: todo, y lo que viene después.
    function suyo(bloque) {
        const siguiente = bloques[estado.bloque + 1];
        const despues = siguiente
            ? [`Después: ${siguiente.apartado.titulo} (${lugarDe(siguiente)})`, codigoDe(siguiente)]
            : ["No hay más bloques."];
        const partes = [estado.fichero ? "El fichero entero" : "El bloque", ...estado.partes.map((tecla) => PARTES[tecla][1])];
        const visto = estado.fuera ? "la página, sin proyectar" : partes.join(", ");
        const suyas = Object.keys(PARTES).filter((tecla) => bloque.pregunta?.[PARTES[tecla][0]]);
        const deOtro = bloque.apartado.conPregunta;
        const donde = deOtro ? `La pregunta de este apartado está en el ${bloques.indexOf(deOtro) + 1}.` : "";
        const hay = bloque.pregunta && !bloque.pregunta.prueba?.[0].textContent.startsWith("Concepto");
        const orden = hay ? crear("code", "", { textContent: `cargo run --bin taller -- ${bloque.numero}` }) : "";
        return [
            crear("p", "visto", { textContent: `La clase ve: ${visto}` }),
            ...(estado.teclas ? [teclas()] : []),
            codigoDe(bloque),
            crear("p", "orden", {}, bloque.pregunta ? [`Para ${bloque.pregunta.nivel ?? "predecir"}. `, orden] : [donde]),
            crear("section", "panel", {}, suyas.map((tecla) => parteDe(bloque, tecla))),
            crear("section", "prosa", {}, bloque.apartado.prosa.map((nodo) => nodo.cloneNode(true))),
            crear("section", "despues", {}, despues),
        ];
    }

    // La letra más grande con la que cabe; si ni con la menor, las líneas se doblan y se sube y se baja.
    function ajustar() {
        const escala = Math.max(1, innerWidth / ANCHO);
        proyector.style.fontSize = `${LETRA.minima * escala}px`;
        const codigo = proyector.querySelector(".codigo");
        const cabe = () =>
            codigo.scrollHeight <= codigo.clientHeight + REDONDEO && codigo.scrollWidth <= codigo.clientWidth;
        const poner = (letra, interlinea) => {
            codigo.style.fontSize = `${letra * escala}px`;
            codigo.style.lineHeight = interlinea;
            return cabe();
        };
        codigo.classList.remove("doblado");
        let puesto = false;
        for (let letra = LETRA.maxima; letra >= LETRA.minima && !puesto && !estado.fichero; letra -= 1) {
            puesto = INTERLINEA.some((interlinea) => poner(letra, interlinea));
        }
        if (!puesto) {
            codigo.classList.add("doblado");
            poner(LETRA.minima, INTERLINEA[1]);
        }
        // Del bloque marcado, cuanto quepa; de lo pedido, lo último.
        const suyas = codigo.querySelectorAll(".suya");
        if (suyas.length) {
            const alto = suyas[suyas.length - 1].offsetTop - suyas[0].offsetTop;
            codigo.scrollTop = suyas[0].offsetTop - Math.max(0, (codigo.clientHeight - alto) / 2);
        }
        const panel = proyector.querySelector(".panel");
        const ultima = panel.lastElementChild;
        if (ultima) panel.scrollTop = ultima.offsetTop - panel.offsetTop;
        marcarSiSigue();
    }

    function marcarSiSigue() {
        for (const uno of proyector.querySelectorAll(".codigo, .panel")) {
            const quedan = uno.scrollHeight - uno.clientHeight - uno.scrollTop;
            uno.classList.toggle("sigue", quedan > REDONDEO);
        }
    }

    // ---------- Lo que hace cada tecla ----------

    function ir(bloque) {
        estado.bloque = Math.min(Math.max(bloque, 0), bloques.length - 1);
        Object.assign(estado, { partes: [], fichero: false, teclas: false });
    }

    function alAzar() {
        if (bolsa.length === 0) {
            bolsa = [...bloques.keys()].filter((i) => bloques[i].pregunta && !bloques[i].prediccion);
        }
        const [cual] = bolsa.splice(Math.floor(Math.random() * bolsa.length), 1);
        ir(cual);
    }

    function reloj(tecla) {
        if (tecla === "T") Object.assign(estado, { resta: DIEZ_MINUTOS, desde: null });
        else if (estado.desde === null) estado.desde = Date.now();
        else Object.assign(estado, { resta: restan(), desde: null });
    }

    function abrirLaOtra() {
        const direccion = new URL(location.href);
        direccion.search = "?instructor";
        direccion.hash = "";
        otra = window.open(direccion.href, "instructor", "popup,width=1000,height=800");
        if (!otra) aviso = "El navegador no ha dejado abrir otra ventana: permite las de esta página, y pulsa «i» otra vez.";
    }

    function salir() {
        estado.proyectando = false;
        if (document.fullscreenElement) document.exitFullscreen();
        bloques[estado.bloque].apartado.sitio.scrollIntoView();
    }

    function mover(cual, cuanto) {
        const uno = proyector.querySelector(cual);
        uno?.scrollBy(0, cuanto * uno.clientHeight);
        marcarSiSigue();
    }

    function oscuro() {
        const claro = document.documentElement.classList.contains("light");
        document.getElementById(claro ? "mdbook-theme-navy" : "mdbook-theme-light")?.click();
    }

    // Dice si era una de las nuestras. Con el bloqueo de mayúsculas, las letras son las mismas.
    function pulsar(pulsada, mayus) {
        const tecla = /^\p{L}$/u.test(pulsada) ? pulsada[mayus ? "toUpperCase" : "toLowerCase"]() : pulsada;
        if (!estado.proyectando) {
            if (tecla !== "p") return false;
            estado.proyectando = true;
            return true;
        }
        aviso = "";
        const numero = estado.numero;
        const bloque = bloques[estado.bloque];
        estado.numero = "";
        if (/^\d$/.test(tecla)) estado.numero = (numero + tecla).slice(-3);
        else if (tecla === "Enter") { if (numero) ir(Number(numero) - 1); }
        else if (tecla === "ArrowRight" || tecla === "PageDown") ir(estado.bloque + 1);
        else if (tecla === "ArrowLeft" || tecla === "PageUp") ir(estado.bloque - 1);
        else if (tecla === "Home") ir(0);
        else if (tecla === "End") ir(bloques.length - 1);
        else if (tecla in PARTES) {
            const puestas = estado.partes;
            if (!bloque.pregunta?.[PARTES[tecla][0]]) {
                const otro = bloques.indexOf(bloque.apartado.conPregunta) + 1;
                aviso = otro && !bloque.pregunta ? `La pregunta de este apartado está en el bloque ${otro}.` : "";
                return true;
            }
            estado.partes = puestas.includes(tecla) ? puestas.filter((otra) => otra !== tecla) : [...puestas, tecla];
        }
        else if (tecla === "f") estado.fichero = !estado.fichero;
        else if (tecla === "a") alAzar();
        else if (tecla === "t" || tecla === "T") reloj(tecla);
        else if (tecla === "o") oscuro();
        else if (tecla === "i") abrirLaOtra();
        else if (tecla === "?") estado.teclas = !estado.teclas;
        else if (tecla === "p" || tecla === "Escape") salir();
        else return false;
        return true;
    }

    function atender(tecla, mayus) {
        const desplaza = { ArrowUp: -0.3, ArrowDown: 0.3 }[tecla];
        if (desplaza && estado.proyectando) {
            mover(mayus ? ".panel" : ".codigo", desplaza);
            return true;
        }
        const era = pulsar(tecla, mayus);
        if (era) {
            pintar();
            recordar();
            contar();
        }
        return era;
    }

    // ---------- Lo que queda al recargar, y al pasar de capítulo ----------

    function recordar() {
        try {
            sessionStorage.setItem("proyector-reloj", JSON.stringify([estado.resta, estado.desde]));
            history.replaceState(null, "", estado.proyectando ? `?proyectar=${estado.bloque + 1}` : location.pathname);
        } catch {
            // Hay navegadores que a un fichero no se lo permiten: no se recuerda.
        }
    }

    function recuperar() {
        try {
            [estado.resta, estado.desde] = JSON.parse(sessionStorage.getItem("proyector-reloj")) ?? [DIEZ_MINUTOS, null];
        } catch {
            // Lo mismo.
        }
    }

    // ---------- Las dos ventanas ----------

    // Desde un fichero no hay origen con el que comparar: lo que se envía no es secreto, y lo que llega, solo teclas.
    function enviar(mensaje) {
        if (otra && !otra.closed) otra.postMessage({ proyector: mensaje }, "*");
    }

    function contar() {
        if (!instructor) enviar({ estado, pagina: location.pathname });
    }

    window.addEventListener("message", (suceso) => {
        const mensaje = suceso.data?.proyector;
        if (!mensaje || (instructor && suceso.source !== otra)) return;
        if (instructor && mensaje.pagina !== location.pathname) {
            // La clase ha pasado a otro capítulo.
            location.href = `${mensaje.pagina}?instructor`;
            return;
        }
        if (instructor && JSON.stringify(mensaje) !== sabido) {
            sabido = JSON.stringify(mensaje);
            Object.assign(estado, mensaje.estado, { proyectando: true, fuera: !mensaje.estado.proyectando });
            pintar();
        }
        if (instructor) return;
        otra = suceso.source;
        if (typeof mensaje.tecla === "string") {
            estado.proyectando = true;
            atender(mensaje.tecla, mensaje.mayus);
        }
        contar();
    });

    // Antes que el libro, que también usa las flechas y «?».
    window.addEventListener("keydown", (suceso) => {
        const escribe = suceso.target.closest?.("input, textarea, select, [contenteditable]");
        if (escribe || suceso.ctrlKey || suceso.altKey || suceso.metaKey) return;
        if (instructor) {
            // Con el espacio se desplaza la suya; con las flechas, la de la clase.
            if (![" ", "Tab", "Shift", "F5", "F11"].includes(suceso.key)) {
                if (suceso.key === "o") oscuro();
                else if (suceso.key !== "i") enviar({ tecla: suceso.key, mayus: suceso.shiftKey });
                suceso.preventDefault();
            }
            suceso.stopImmediatePropagation();
            return;
        }
        const proyectaba = estado.proyectando;
        if (atender(suceso.key, suceso.shiftKey)) suceso.preventDefault();
        if (proyectaba || estado.proyectando) suceso.stopImmediatePropagation();
    }, true);
    window.addEventListener("resize", () => { if (estado.proyectando && !instructor) ajustar(); });
    setInterval(ponerHora, 250);

    if (instructor) {
        document.title = `Para quien da la clase: ${document.title}`;
        document.documentElement.classList.add("instructor");
        estado.proyectando = true;
        pintar();
        // La clase puede pasar a otro capítulo, o recargar: se le pregunta por dónde va.
        enviar({ hola: true });
        setInterval(() => enviar({ hola: true }), 1000);
        return;
    }
    recuperar();
    const enlace = crear("a", "", { href: "?proyectar", textContent: "Proyectar este capítulo" });
    enlace.addEventListener("click", (suceso) => {
        suceso.preventDefault();
        if (!estado.proyectando) atender("p");
    });
    document.querySelector("main h1")?.after(crear("p", "proyectar", {}, [enlace, " (tecla p)"]));
    // «?pregunta=3» y «?prediccion=1»: a donde llevan los enlaces de un sorteo.
    const listas = {
        proyectar: bloques,
        pregunta: bloques.filter((bloque) => bloque.pregunta && !bloque.prediccion),
        prediccion: bloques.filter((bloque) => bloque.prediccion),
    };
    const [que, cual] = [...parametros].find(([que]) => que in listas) ?? [];
    if (que) {
        estado.proyectando = true;
        ir(bloques.indexOf(listas[que][Number(cual || 1) - 1]));
        pintar();
    }
})();
