"""El libro, en un navegador de verdad, con las teclas que se pulsan en clase.

Necesita Chromium y Selenium; en Debian:

    sudo apt install chromium chromium-driver python3-selenium
    mdbook build docs --dest-dir ../target/libro
    python3 tests/curso/navegador.py target/libro
"""

import base64
import contextlib
import functools
import http.server
import pathlib
import shutil
import sys
import threading
import time

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

# Ancho, alto y ampliación: un proyector viejo, uno nuevo, y el viejo al 200 %.
TAMANOS = [(1280, 720, 1), (1920, 1080, 1), (640, 360, 2)]
PARTES = dict(q="pregunta", b="buena", e="equivocada", s="seguir", r="respuesta", c="prueba")
PLAZO = 20

# Lo que se ve ahora mismo, y lo que se sale de la ventana.
MIRAR = r"""
const proyector = document.querySelector("#proyector");
if (!proyector) return { proyectando: false };
const instructor = document.documentElement.classList.contains("instructor");
const codigo = proyector.querySelector(".codigo");
const fuera = [...proyector.querySelectorAll("header *, .linea, .panel, .parte *")].filter((uno) => {
    const sitio = uno.getBoundingClientRect();
    return sitio.width > 0 && (sitio.left < -1 || sitio.right > innerWidth + 1);
});
const debajo = [codigo, proyector.querySelector(".panel")].filter(
    (uno) => uno && uno.getBoundingClientRect().bottom > innerHeight + 1,
);
const textos = (cual) => [...proyector.querySelectorAll(cual)].map((uno) => uno.textContent);
return {
    proyectando: true,
    donde: textos(".donde")[0],
    titulo: textos(".titulo")[0],
    numero: textos(".numero-de-pregunta")[0],
    lugar: textos(".lugar")[0],
    reloj: textos(".reloj")[0] ?? "",
    aviso: textos(".aviso")[0] ?? "",
    teclas: textos(".teclas dt").length,
    partes: [...proyector.querySelectorAll(".parte")]
        .filter((uno) => uno.getBoundingClientRect().height > 0)
        .map((uno) => uno.classList[1]),
    vacias: textos(".parte p, .parte pre").filter((texto) => texto.trim().length < 3),
    lineas: textos(".codigo:not(.entero) .linea"),
    suyas: [...proyector.querySelectorAll(".suya")].map((uno) => uno.lastChild.textContent),
    letra: parseFloat(getComputedStyle(codigo).fontSize),
    entero: codigo.scrollHeight <= codigo.clientHeight + 2,
    alto: codigo.clientHeight,
    fuera: [...fuera, ...(instructor ? [] : debajo)].map((uno) => uno.textContent.slice(0, 60)),
};
"""

# Lo que la página pliega: nada de esto puede verse antes de su tecla.
PLEGADO = r"""
const puntos = [...document.querySelectorAll("main details li, main details > p")];
return puntos.map((uno) => uno.textContent.replace(/^[^:]*: /, "").trim().slice(0, 50));
"""

CODIGOS = dict(ArrowRight=39, ArrowLeft=37, Home=36, End=35, Enter=13, Escape=27, PageUp=33, PageDown=34)


class Navegador:
    """Un Chromium sin ventana, y lo que se hace con él."""

    def __init__(self):
        opciones = webdriver.ChromeOptions()
        for opcion in ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
                       "--disable-background-networking", "--disable-dev-shm-usage"]:
            opciones.add_argument(opcion)
        opciones.binary_location = shutil.which("chromium")
        self.driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=opciones)

    def tamano(self, ancho, alto, ampliacion):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", dict(
            width=ancho, height=alto, deviceScaleFactor=ampliacion, mobile=False))

    def pulsa(self, *teclas):
        for tecla in teclas:
            suceso = dict(key=tecla, windowsVirtualKeyCode=CODIGOS.get(tecla, 0))
            if len(tecla) == 1:
                suceso["text"] = tecla
            # Esta, con la de mayúsculas; otra letra grande, como con su bloqueo.
            if tecla == "T":
                suceso["modifiers"] = 8
            self.driver.execute_cdp_cmd("Input.dispatchKeyEvent", dict(suceso, type="keyDown"))

    def mira(self):
        return self.driver.execute_script(MIRAR)

    def texto(self):
        return self.driver.execute_script("return document.body.innerText")

    def espera(self, que, cumple):
        """Hasta que se vea lo que se espera; devuelve lo que se ve."""
        limite = time.monotonic() + PLAZO
        while True:
            vista = self.mira()
            if vista["proyectando"] and cumple(vista):
                return vista
            exige(time.monotonic() < limite, f"{que}: {vista}")

    def sin_errores(self):
        errores = [uno["message"] for uno in self.driver.get_log("browser") if uno["level"] == "SEVERE"]
        # El navegador pide un icono que el servidor de la prueba puede no tener.
        errores = [uno for uno in errores if "favicon" not in uno]
        exige(not errores, f"errores en la página: {errores}")


def exige(cumple, si_no):
    if not cumple:
        raise AssertionError(si_no)


def nuevas(lineas, diferencia):
    """Las líneas de un bloque que están en el fichero que queda, sin lo que cambia de etapa a etapa."""
    if diferencia:
        lineas = [linea[1:] for linea in lineas if not linea.startswith(("-", "+++ ", "@@ "))]
    return [linea for linea in lineas if linea.strip() and "use chat_" not in linea]


def capitulo(navegador, direccion):
    """Todas las pantallas de un capítulo, a todos los tamaños; devuelve cuántas hay."""
    driver = navegador.driver
    navegador.tamano(*TAMANOS[0])
    driver.get(direccion)
    exige(not navegador.mira()["proyectando"], "se proyecta sin pedirlo")
    plegado = [texto for texto in driver.execute_script(PLEGADO) if len(texto) > 20]
    navegador.pulsa("p")
    total = int(navegador.mira()["donde"].split()[-1])
    preguntas = 0
    for pantalla in range(1, total + 1):
        vista = navegador.mira()
        aqui = f"{direccion}, pantalla {pantalla} ({vista['titulo']})"
        exige(vista["donde"] == f"{pantalla} de {total}", f"{aqui}: está en {vista['donde']}")
        exige(vista["entero"] and vista["letra"] >= 24, f"{aqui}: el bloque no cabe entero: {vista['letra']}")
        exige(vista["partes"] == [], f"{aqui}: se ve {vista['partes']} sin pedirlo")
        texto = navegador.texto()
        antes = [uno for uno in plegado if uno in texto]
        exige(not antes, f"{aqui}: se ve antes de tiempo {antes}")
        # Solo el bloque del que trata una pregunta la tiene; de una predicción se pregunta qué pasa.
        suyas = dict(PARTES) if vista["numero"].startswith("pregunta ") else {}
        if "Quita una línea" in vista["titulo"]:
            suyas = dict(q="pregunta", b="buena")
        exige(bool(suyas) == bool(vista["numero"]), f"{aqui}: ¿es {vista['numero']}?")
        preguntas += bool(vista["numero"].startswith("pregunta "))
        if not suyas:
            navegador.pulsa("q", "b")
            vista = navegador.mira()
            exige(vista["partes"] == [], f"{aqui}: no es su pregunta, y se ve {vista['partes']}")
        cambio = nuevas(vista["lineas"], "01-echo" not in direccion)
        vistas = []
        for tecla, parte in suyas.items():
            navegador.pulsa(tecla)
            vistas.append(parte)
            vista = navegador.mira()
            exige(vista["partes"] == vistas, f"{aqui}: con «{tecla}» se ve {vista['partes']}")
            exige(not vista["vacias"], f"{aqui}: con «{tecla}», vacío: {vista['vacias']}")
            exige(not vista["fuera"], f"{aqui}: con «{tecla}» se sale {vista['fuera']}")
            if tecla == "q":
                exige(vista["entero"], f"{aqui}: con la pregunta, el bloque no cabe entero")
        exige(vista["entero"] or vista["alto"] >= 100, f"{aqui}: con todo, del código queda {vista['alto']}")
        navegador.pulsa("f")
        vista = navegador.mira()
        exige(not vista["fuera"], f"{aqui}: con «f» se sale {vista['fuera']}")
        if "líneas" in vista["lugar"] and "Quita una línea" not in vista["titulo"]:
            marcado = nuevas(vista["suyas"], False)
            exige(marcado == cambio, f"{aqui}: marca\n{marcado}\ny el bloque es\n{cambio}")
        navegador.pulsa("ArrowRight")
    for tamano in TAMANOS[1:]:
        navegador.tamano(*tamano)
        navegador.pulsa("Home")
        for pantalla in range(1, total + 1):
            for tecla in ["q", "f"]:
                navegador.pulsa(tecla)
                vista = navegador.mira()
                aqui = f"{direccion}, pantalla {pantalla}, a {tamano}, con «{tecla}»"
                exige(vista["donde"] == f"{pantalla} de {total}", f"{aqui}: está en {vista['donde']}")
                minima = 24 * max(1, tamano[0] / 1280)
                exige(vista["letra"] >= minima, f"{aqui}: letra de {vista['letra']}")
                exige(vista["entero"] or vista["alto"] >= 60, f"{aqui}: del código quedan {vista['alto']}")
                exige(not vista["fuera"], f"{aqui}: se sale {vista['fuera']}")
                if tamano[2] == 1 and tecla != "f":
                    exige(vista["entero"], f"{aqui}: no cabe entero")
            navegador.pulsa("ArrowRight")
    navegador.tamano(*TAMANOS[0])
    navegador.pulsa("Escape")
    exige(not navegador.mira()["proyectando"], "Esc no sale")
    navegador.sin_errores()
    return total, preguntas


def teclas(navegador, direccion):
    """Ir de un sitio a otro, el azar, el reloj y la ayuda."""
    navegador.driver.get(direccion)
    navegador.pulsa("p", "End")
    total = int(navegador.mira()["donde"].split()[-1])
    exige(navegador.mira()["donde"] == f"{total} de {total}", "Fin no va al último")
    navegador.pulsa("ArrowRight")
    exige(navegador.mira()["donde"] == f"{total} de {total}", "detrás del último no hay nada")
    navegador.pulsa("1", "0", "Enter")
    exige(navegador.mira()["donde"] == f"10 de {total}", "10 e Intro no va al 10")
    navegador.pulsa("9", "9", "9", "Enter")
    exige(navegador.mira()["donde"] == f"{total} de {total}", "un número que no hay va al último")
    navegador.pulsa("Home", "ArrowLeft")
    exige(navegador.mira()["donde"] == f"1 de {total}", "Inicio no va al primero")
    navegador.pulsa("PageDown", "PageDown", "PageUp")
    exige(navegador.mira()["donde"] == f"2 de {total}", "un mando no pasa de bloque")
    salidos = []
    navegador.pulsa("Home")
    preguntas = 0
    for _ in range(total):
        preguntas += navegador.mira()["numero"].startswith("pregunta ")
        navegador.pulsa("ArrowRight")
    for vuelta in range(3):
        salidos = []
        for _ in range(preguntas):
            navegador.pulsa("a")
            salidos.append(navegador.mira()["numero"])
        exige(len(set(salidos)) == preguntas, f"el azar repite antes de acabar: {salidos}")
    navegador.pulsa("?")
    exige(navegador.mira()["teclas"] >= 15, "«?» no enseña las teclas")
    navegador.pulsa("?", "t")
    navegador.espera("el reloj no anda", lambda vista: vista["reloj"] == "09:58")
    navegador.pulsa("T")
    exige(navegador.mira()["reloj"] == "", "«T» no lo deja como estaba")
    navegador.pulsa("t")
    navegador.driver.refresh()
    exige(navegador.mira()["donde"] == f"{navegador.mira()['donde'].split()[0]} de {total}", "al recargar no se sigue")
    exige(navegador.mira()["reloj"] != "", "al recargar se pierde el reloj")
    navegador.pulsa("T", "f")
    exige(navegador.mira()["suyas"], "«f» no marca el bloque")
    navegador.pulsa("f", "7", "Enter", "Q", "E")
    exige(navegador.mira()["partes"] == ["pregunta", "equivocada"], "con mayúsculas no se entienden las teclas")
    exige("Revela" not in navegador.texto(), "la clase ve lo que revela la respuesta")
    oscuro = "return document.documentElement.classList.contains('navy')"
    antes = navegador.driver.execute_script(oscuro)
    navegador.pulsa("o")
    exige(navegador.driver.execute_script(oscuro) != antes, "«o» no cambia de claro a oscuro")
    navegador.pulsa("o")
    navegador.driver.get(direccion + "?proyectar=3")
    navegador.espera("?proyectar=3 no empieza en el tercero", lambda vista: vista["donde"] == f"3 de {total}")
    navegador.sin_errores()


def la_otra(driver, clase):
    """La ventana que se abre, cuando se abre."""
    limite = time.monotonic() + PLAZO
    while len(driver.window_handles) < 2:
        exige(time.monotonic() < limite, "no se abre la otra ventana")
    [suya] = [otra for otra in driver.window_handles if otra != clase]
    return suya


def dos_ventanas(navegador, direccion):
    """La clase ve el bloque; quien la da, las respuestas; y van al paso."""
    driver = navegador.driver
    driver.get(direccion)
    clase = driver.current_window_handle
    navegador.pulsa("p", "ArrowRight", "q", "i")
    exige(not navegador.mira()["aviso"], navegador.mira()["aviso"])
    suya = la_otra(driver, clase)
    driver.switch_to.window(suya)
    vista = navegador.espera("la otra no va al paso", lambda vista: vista["donde"].startswith("2 de"))
    exige(vista["partes"] == list(PARTES.values()), f"quien da la clase ve {vista['partes']}")
    exige("cargo run --bin taller -- pregunta 03.2" in navegador.texto(), "no se dice con qué orden se prueba")
    exige("Después: " in navegador.texto(), "no se ve lo que viene después")
    exige("La clase ve: El bloque, Pregunta" in navegador.texto(), "no se dice qué ve la clase")
    exige(vista["reloj"] == "10:00" and not vista["fuera"], f"el reloj: {vista['reloj']}; se sale {vista['fuera']}")
    # Manda ella…
    navegador.pulsa("ArrowRight", "t")
    vista = navegador.espera("no anda el reloj", lambda vista: vista["reloj"] == "09:59")
    exige(vista["donde"].startswith("3 de"), f"va por {vista['donde']}")
    driver.switch_to.window(clase)
    vista = navegador.espera("la clase no va al paso", lambda vista: vista["donde"].startswith("3 de"))
    exige(vista["partes"] == [], f"la clase ve {vista['partes']}")
    navegador.espera("el reloj de la clase no anda", lambda vista: vista["reloj"].startswith("09:"))
    # … y manda la clase.
    navegador.pulsa("End", "b")
    exige(navegador.mira()["partes"] == ["buena"], "la clase no ve lo que pide")
    ultima = navegador.mira()["donde"]
    driver.switch_to.window(suya)
    navegador.espera("no sigue a la clase", lambda vista: vista["donde"] == ultima)
    navegador.pulsa("b")
    driver.switch_to.window(clase)
    navegador.espera("la tecla no llega", lambda vista: vista["partes"] == [])
    navegador.sin_errores()
    driver.switch_to.window(suya)
    navegador.sin_errores()
    driver.close()
    driver.switch_to.window(clase)


def otro_capitulo(navegador, uno, otro):
    """La clase pasa a otro capítulo, y la ventana de quien la da va detrás."""
    driver = navegador.driver
    driver.get(uno)
    clase = driver.current_window_handle
    navegador.pulsa("p", "i")
    suya = la_otra(driver, clase)
    driver.switch_to.window(suya)
    navegador.espera("no se abre", lambda vista: vista["donde"].startswith("1 de"))
    driver.switch_to.window(clase)
    navegador.pulsa("Escape")
    driver.switch_to.window(suya)
    navegador.espera("no dice que se ha salido", lambda _: "La clase ve: la página" in navegador.texto())
    driver.switch_to.window(clase)
    driver.get(otro)
    driver.switch_to.window(suya)
    navegador.espera("no va detrás", lambda vista: "final/" in vista["lugar"])
    navegador.pulsa("ArrowRight")
    navegador.espera("no va detrás", lambda vista: "final/" in vista["lugar"] and vista["donde"].startswith("2 de"))
    driver.close()
    driver.switch_to.window(clase)


def sin_javascript(navegador, direccion):
    """La página es la de siempre: todo está, plegado."""
    driver = navegador.driver
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", dict(value=True))
    driver.get(direccion)
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", dict(value=False))
    plegadas = driver.execute_script("return document.querySelectorAll('main details:not([open])').length")
    exige(plegadas > 10, f"sin JavaScript hay {plegadas} cosas plegadas")
    exige(not driver.execute_script("return document.querySelector('.proyectar, #proyector')"), "algo se ha movido")


def sorteo(navegador, libro):
    """Tres preguntas de esos pasos y de ese nivel, una predicción y un fallo; sin repetir, y en papel."""
    driver = navegador.driver
    direccion = (libro / "revision-oral.html").as_uri()
    for tamano in TAMANOS[:2]:
        navegador.tamano(*tamano)
        driver.get(direccion)
        cortadas = driver.execute_script("""
            return [...document.querySelectorAll(".table-wrapper")]
                .filter((tabla) => tabla.scrollWidth > tabla.clientWidth + 1)
                .map((tabla) => tabla.textContent.slice(0, 40));""")
        exige(not cortadas, f"a {tamano} se cortan las tablas {cortadas}")
    navegador.tamano(*TAMANOS[0])
    niveles = dict(driver.execute_script("""
        return [...document.querySelectorAll("h2#todas-las-preguntas ~ .table-wrapper")][0]
            .querySelectorAll("tbody tr").values().map((fila) => [fila.cells[0].textContent, fila.cells[1].textContent])
            .toArray();"""))
    exige(len(niveles) > 100, f"solo hay {len(niveles)} preguntas")
    for campo, valor in [("desde", "03"), ("hasta", "04"), ("para", "notable")]:
        driver.find_element("css selector", f"#sortear-revision [name={campo}]").send_keys(valor)
    boton = driver.find_element("css selector", "#sortear-revision button")
    vistas = []
    for _ in range(4):
        boton.send_keys("\n")
        [hoja] = driver.find_elements("css selector", ".hoja")
        filas = [fila.text for fila in hoja.find_elements("css selector", "tr")]
        exige(len(filas) == 7 and "Que prediga: 0" in filas[4] and "Un fallo: " in filas[5], f"falta algo: {filas}")
        tres = [enlace.text for enlace in hoja.find_elements("css selector", "a")][:3]
        exige(all(numero[:2] in ["03", "04"] for numero in tres), f"salen {tres}")
        exige(sorted(niveles[numero] for numero in tres) == ["aprobar", "notable", "notable"], f"salen {tres}")
        vistas += [numero for numero in tres if niveles[numero] == "notable"]
    exige(len(set(vistas)) == len(vistas) == 8, f"se repite: {vistas}")
    enlaces = [enlace.get_attribute("href") for enlace in hoja.find_elements("css selector", "a")][:4]
    hojas = driver.find_element("css selector", "#sortear-revision [name=hojas]")
    hojas.clear()
    hojas.send_keys("3\n")
    papel = base64.b64decode(driver.execute_cdp_cmd("Page.printToPDF", {})["data"])
    paginas = papel.count(b"/Type /Page") - papel.count(b"/Type /Pages")
    exige(paginas == 3, f"tres hojas ocupan {paginas} páginas")
    navegador.sin_errores()
    for enlace, fila in zip(enlaces, filas[1:5]):
        driver.get(enlace)
        navegador.espera("no se proyecta", lambda _: True)
        navegador.pulsa("q")
        [pregunta] = [uno.text for uno in driver.find_elements("css selector", ".parte.pregunta")]
        titulo = navegador.mira()["titulo"].removeprefix("Quita una línea: ").strip(":")
        juntas, de_la_fila = ["".join(uno.lower().split()) for uno in [pregunta, titulo] if uno], "".join(fila.lower().split())
        exige(any(uno in de_la_fila for uno in juntas), f"{enlace} lleva a «{pregunta}», y no a «{fila}»")


@contextlib.contextmanager
def servido(libro):
    """El libro en un puerto libre, como lo sirve `mdbook serve`."""
    class Callado(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass
    servidor = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Callado, directory=str(libro)))
    threading.Thread(target=servidor.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{servidor.server_port}/"
    servidor.shutdown()


def main(carpeta):
    libro = pathlib.Path(carpeta).resolve()
    capitulos = sorted(libro.glob("[01]*.html")) + [libro / "final.html"]
    exige(len(capitulos) > 10, f"en {libro} no está el libro")
    navegador = Navegador()
    try:
        navegador.tamano(*TAMANOS[0])
        vistos = [capitulo(navegador, uno.as_uri()) for uno in capitulos]
        pantallas, preguntas = map(sum, zip(*vistos))
        del_medio = libro / "03-broadcast.html"
        teclas(navegador, del_medio.as_uri())
        dos_ventanas(navegador, del_medio.as_uri())
        otro_capitulo(navegador, del_medio.as_uri(), (libro / "final.html").as_uri())
        sin_javascript(navegador, del_medio.as_uri())
        sorteo(navegador, libro)
        with servido(libro) as raiz:
            dos_ventanas(navegador, raiz + "03-broadcast.html")
    finally:
        navegador.driver.quit()
    print(f"{len(capitulos)} capítulos, {pantallas} pantallas, {preguntas} preguntas, {len(TAMANOS)} tamaños, dos ventanas y un sorteo: bien")


if __name__ == "__main__":
    main(*sys.argv[1:])
