// La revisión oral, al azar: tres preguntas, una predicción y un fallo, de las tablas que hay en la página.
"use strict";

(() => {
    const titulo = document.querySelector("main h2#sortear");
    if (!titulo) return;

    const NIVELES = ["aprobar", "notable", "sobresaliente"];
    const preguntas = filas("todas-las-preguntas").map(([numero, nivel, pregunta, donde, como]) => ({
        ...conPaso(numero, pregunta, "pregunta"),
        nivel: NIVELES.indexOf(nivel.textContent),
        donde: donde.innerHTML,
        como: como.innerHTML,
    }));
    const predicciones = filas("todas-las-predicciones").map(([numero, cambio, como]) => ({
        ...conPaso(numero, cambio, "prediccion"),
        como: como.innerHTML,
    }));
    const fallos = filas("todos-los-fallos").map(([fallo, como, pasos]) => ({
        que: fallo.innerHTML,
        como: como.innerHTML,
        pasos: pasos.innerHTML,
    }));
    const pasos = [...new Set(preguntas.map((una) => una.paso))];
    // Lo que ya ha salido no vuelve a salir mientras quede otra cosa.
    const salidas = new Set();

    function filas(id) {
        const tabla = document.querySelector(`main h2#${id} ~ .table-wrapper table, main h2#${id} ~ table`);
        return [...tabla.tBodies[0].rows].map((fila) => [...fila.cells]);
    }

    function conPaso(numero, celda, clase) {
        const [paso, cual] = numero.textContent.split(".");
        const pagina = celda.querySelector("a").getAttribute("href").split("#")[0];
        return { paso, numero: numero.textContent, que: celda.querySelector("a").innerHTML, enlace: `${pagina}?${clase}=${cual}` };
    }

    function sacar(cuantas, ...listas) {
        const sacadas = [];
        for (const vale of [(una) => !salidas.has(una), () => true]) {
            for (const lista of listas) {
                const quedan = lista.filter((una) => vale(una) && !sacadas.includes(una));
                while (quedan.length && sacadas.length < cuantas) {
                    sacadas.push(...quedan.splice(Math.floor(Math.random() * quedan.length), 1));
                }
            }
        }
        for (const una of sacadas) salidas.add(una);
        return sacadas;
    }

    function crear(etiqueta, propiedades, ...hijos) {
        const elemento = Object.assign(document.createElement(etiqueta), propiedades);
        elemento.append(...hijos);
        return elemento;
    }

    function elegir(nombre, opciones, elegida) {
        const opcion = (texto) => new Option(texto, texto, false, texto === elegida);
        const campo = crear("select", { name: nombre.toLowerCase() }, ...opciones.map(opcion));
        return crear("label", {}, `${nombre} `, campo, " ");
    }

    function hoja(desde, hasta, nivel) {
        const dentro = pasos.slice(pasos.indexOf(desde), pasos.indexOf(hasta) + 1);
        const suyas = preguntas.filter((una) => dentro.includes(una.paso));
        const suNivel = suyas.filter((una) => una.nivel === nivel);
        const menos = suyas.filter((una) => una.nivel < nivel);
        const dos = sacar(2, suNivel, menos, suyas);
        const resto = (lista) => lista.filter((una) => !dos.includes(una));
        const tres = [...dos, ...sacar(1, resto(nivel === 0 ? suNivel : menos), resto(suyas))];
        tres.sort((una, otra) => preguntas.indexOf(una) - preguntas.indexOf(otra));
        const [prediccion] = sacar(1, predicciones.filter((una) => dentro.includes(una.paso)));
        const [fallo] = sacar(1, fallos);
        const fila = (minuto, que, como) => crear("tr", {},
            crear("td", { textContent: minuto }), crear("td", { innerHTML: que }), crear("td", { innerHTML: como }));
        const proyectable = (una) => `<a href="${una.enlace}" target="proyector">${una.numero}</a> ${una.que}`;
        const que = hasta === desde ? `paso ${desde}` : `pasos ${desde} a ${hasta}`;
        return crear("section", { className: "hoja" },
            crear("h3", { textContent: `Diez minutos: ${que}, para ${NIVELES[nivel]}` }),
            crear("p", { textContent: "Nombre: ______________________________   Nota: ________" }),
            crear("table", {}, crear("tbody", {},
                fila("0–1", "Que ponga en marcha su servidor y dos clientes, y que explique qué está pasando", ""),
                ...tres.map((una) => fila("1–6", proyectable(una), `${una.donde}<br>${una.como}`)),
                fila("6–8", `Que prediga: ${proyectable(prediccion)}`, prediccion.como),
                fila("8–9", `Un fallo: ${fallo.que}`, `${fallo.como}<br>${fallo.pasos}`),
                fila("9–10", "Qué cambiaría si tuviera una semana más", ""))));
    }

    const sorteo = crear("div", { id: "sorteo" });
    const formulario = crear("form", { id: "sortear-revision" },
        elegir("Desde", pasos, "01"), elegir("Hasta", pasos, "04"), elegir("Para", NIVELES, "notable"),
        crear("label", {}, "Hojas ", crear("input", { name: "hojas", type: "number", min: 1, max: 40, value: 1 }), " "),
        crear("button", { textContent: "Sortear" }), " ",
        crear("button", { type: "button", textContent: "Imprimir", onclick: () => window.print() }));
    formulario.addEventListener("submit", (suceso) => {
        suceso.preventDefault();
        const { desde, hasta, para, hojas } = Object.fromEntries(new FormData(formulario));
        const [uno, otro] = [desde, hasta].sort((a, b) => pasos.indexOf(a) - pasos.indexOf(b));
        const nivel = NIVELES.indexOf(para);
        sorteo.replaceChildren(...Array.from({ length: Number(hojas) }, () => hoja(uno, otro, nivel)));
        document.documentElement.classList.add("sorteado");
    });
    // Detrás de lo que la página dice del sorteo.
    let detras = titulo;
    while (detras.nextElementSibling?.tagName === "P") detras = detras.nextElementSibling;
    detras.after(formulario, sorteo);
})();
