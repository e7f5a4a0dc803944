//! Las cláusulas del cliente, una detrás de otra, contra un servidor de mentira.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use super::clase::Papel;
use super::donde::Donde;
use super::manera::{Manera, de_la_mejor_manera};
use super::preguntas::{NOMBRE, Respuestas, es_pregunta};
use super::{
    ARRANQUE, CALLADO, ESPERA, Juicio, POR_SI_ACASO, UN_RATO, Veredicto, arrancar, hasta, insiste,
    que_ha_pasado, se_ve,
};
use pruebas::conexion::{Conexion, Impostor, puerto_libre};
use pruebas::escena::{BIENVENIDA, Contexto, Resultado};
use pruebas::programa::{Orden, Programa};

/// Nombre, lo que pide, y el capítulo que la trata.
const ENUNCIADO: [(&str, &str, &str); 4] = [
    ("C1", "se conecta a la misma dirección y puerto", "docs/01-echo.md"),
    ("C2", "un hilo recibe y muestra lo que dicen los demás", "docs/03-broadcast.md"),
    ("C3", "quien lo usa envía desde la consola", "docs/01-echo.md"),
    ("C4", "`salir` desconecta y cierra bien el socket", "docs/04-salir-and-cleanup.md"),
];

/// Juzga un cliente.
///
/// # Errors
///
/// Si no se puede juzgar: no hay tal programa, o el puerto es de otro.
pub fn juzgar(orden: &Orden, donde: &Donde) -> Resultado<Juicio> {
    de_la_mejor_manera(Papel::Cliente, orden, donde, |manera, orden| {
        juzgar_con(manera, orden, donde)
    })
}

fn juzgar_con(manera: Manera, orden: &Orden, donde: &Donde) -> Resultado<Juicio> {
    let direccion = donde.direccion;
    puerto_libre(direccion)?;
    let contexto = Contexto::para_juzgar(manera.modo);
    let mut impostores = Vec::new();
    for (numero, espera) in donde.esperas().enumerate() {
        match Impostor::en(&contexto, espera) {
            Ok(impostor) => impostores.push(impostor),
            Err(fallo) if numero == 0 => return Err(fallo),
            // Ese otro puerto es de alguien.
            Err(_) => {}
        }
    }
    let mut programa = arrancar(&contexto, "cliente", orden)?;
    let mut juicio = Juicio::new(&ENUNCIADO);
    let respuestas = Respuestas::new(Papel::Cliente, direccion, NOMBRE);
    let ensayo =
        Ensayo { programa: &mut programa, juicio: &mut juicio, direccion, manera, respuestas };
    if ensayo.hacer(&impostores).is_err() {
        juicio.corta(25, &que_ha_pasado(&mut programa));
    }
    juicio.acaba(&mut programa);
    Ok(juicio)
}

struct Ensayo<'a> {
    programa: &'a mut Programa,
    juicio: &'a mut Juicio,
    direccion: SocketAddr,
    manera: Manera,
    respuestas: Respuestas,
}

impl Ensayo<'_> {
    fn hacer(mut self, impostores: &[Impostor]) -> Resultado {
        let veredicto = Veredicto::new(
            &format!("escuchar en {} y ponerlo en marcha", self.direccion),
            "que se conecte",
        );
        let fin = Instant::now() + ARRANQUE;
        let mut callado = Instant::now() + CALLADO;
        let mut llegado = None;
        while llegado.is_none() && Instant::now() < fin {
            // Antes de mirar si llega: puede conectarse y terminar enseguida.
            let terminado = self.terminado();
            llegado = llega(impostores)?;
            if terminado {
                break;
            }
            if llegado.is_none() && Instant::now() >= callado {
                self.contesta();
                callado = Instant::now() + CALLADO;
            }
        }
        let Some(servidor) = llegado else {
            let visto =
                if self.terminado() { "ha terminado sin conectarse" } else { "no se conecta" };
            self.juicio.anota("C1", veredicto.falla(0, visto));
            return Ok(());
        };
        let servidor = servidor.se_cortara();
        let suya = servidor.direccion()?;
        let veredicto = if suya == self.direccion {
            veredicto
        } else {
            veredicto.falla(75, format!("se conecta a {suya}"))
        };
        self.juicio.anota("C1", veredicto);
        servidor.envia(format!("{BIENVENIDA}\n"))?;
        let mudo = self.muestra(&servidor)?;
        self.envia(&servidor, mudo);
        // Un cliente que espera al teclado enseña algo cuando se pulsa Intro.
        let algo = hasta(POR_SI_ACASO, || self.ve("bienvenido al chat"));
        self.sale(servidor);
        if mudo && !algo {
            let veredicto =
                Veredicto::new("mirar todo lo que ha enseñado", "lo que dicen los demás");
            // No está mal guardar la salida hasta el final, pero así no se le puede ver.
            let consejo = "toda su salida llega al terminar: que la vacíe (flush) tras cada línea";
            let guardada = self.terminado() && self.ve("dice la una");
            let veredicto = if guardada {
                veredicto.no_se_ve(consejo)
            } else {
                veredicto.falla(50, "nunca lo enseña")
            };
            self.juicio.anota("C2", veredicto);
        }
        Ok(())
    }

    fn terminado(&self) -> bool {
        self.programa.pantalla.vista().terminada
    }

    fn ve(&self, texto: &str) -> bool {
        se_ve(self.programa).contains(texto)
    }

    /// Contesta a lo que parece que el programa pregunta.
    fn contesta(&mut self) {
        let respuesta = self.respuestas.a(&se_ve(self.programa));
        // Si ya ha terminado, se verá.
        let _ = self.programa.escribe_tecla_a_tecla(&respuesta);
        self.juicio.avisos.push(format!("no pasaba nada: se ha escrito «{respuesta}»"));
    }

    /// C2. Devuelve si no enseña nada.
    fn muestra(&mut self, servidor: &Conexion) -> Resultado<bool> {
        /// Las veces que se contesta a lo que pregunte.
        const PREGUNTAS: usize = 4;
        let veredicto = Veredicto::new(
            "que otro diga dos cosas, sin tocar el teclado",
            "que se vean enseguida, con sus eñes y acentos",
        );
        let mut vistas = self.dos_cosas(servidor, ["dice la una", "dice las dos"])?;
        let avisos = self.juicio.avisos.len();
        for vez in 0..PREGUNTAS {
            if vistas.0 || self.terminado() || vez > 0 && !es_pregunta(&se_ve(self.programa)) {
                break;
            }
            // Puede estar preguntando algo. Lo que enseñe solo por pulsar Intro no cuenta.
            let antes = self.programa.pantalla.bytes().len();
            self.contesta();
            hasta(CALLADO, || self.programa.pantalla.bytes().len() > antes + 2 * NOMBRE.len());
            hasta(POR_SI_ACASO, || self.terminado());
            let uno = format!("vuelta {vez}: dice la una");
            vistas = self.dos_cosas(servidor, [&uno, &format!("vuelta {vez}: dice las dos")])?;
            if !vistas.1 {
                // Lo primero, si se vio, fue por pulsar Intro.
                vistas = (false, false, false);
            }
        }
        if !vistas.0 {
            self.juicio.avisos.truncate(avisos);
        }
        let (uno, dos, intacto) = vistas;
        let veredicto = match (uno, dos, intacto) {
            (true, true, true) => veredicto,
            (true, true, false) => veredicto.falla(50, "el texto se ve cambiado"),
            (true, false, _) => veredicto.falla(50, "solo se ve lo primero"),
            (false, ..) if self.terminado() => veredicto.falla(25, que_ha_pasado(self.programa)),
            (false, ..) => veredicto.falla(25, "no se ve nada mientras espera al teclado"),
        };
        self.juicio.anota("C2", veredicto);
        Ok(!uno)
    }

    /// Dice dos cosas, la primera con eñes. Devuelve si se ve la primera, si la segunda, y si tal cual.
    fn dos_cosas(
        &self,
        servidor: &Conexion,
        [uno, dos]: [&str; 2],
    ) -> Resultado<(bool, bool, bool)> {
        let ve =
            |texto: &str| hasta(ESPERA, || self.ve(texto) || self.terminado()) && self.ve(texto);
        // Quién lo dice puede enseñarse de otra manera, con colores o en otro sitio.
        let texto = self.manera.texto(&format!("{uno}, ¿qué tal la mañana?"));
        servidor.envia(format!("usuario 50000: {texto}\n"))?;
        let visto = ve(uno);
        let intacto = visto && hasta(POR_SI_ACASO, || self.ve(&texto));
        if !visto {
            return Ok((false, false, false));
        }
        servidor.envia(format!("usuario 50000: {dos}\n"))?;
        Ok((true, ve(dos), intacto))
    }

    /// C3.
    fn envia(&mut self, servidor: &Conexion, mudo: bool) {
        const CLAVE: &str = "escrito uno";
        if self.terminado() {
            let veredicto = Veredicto::new("", "").no_se_ve("ya había terminado");
            self.juicio.anota("C3", veredicto);
            self.juicio.no_envia = true;
            return;
        }
        let texto = self.manera.texto("escrito uno: ¡qué alegría, señor!");
        let veredicto = Veredicto::new(
            "escribir dos líneas",
            "que lleguen las dos al servidor, con sus eñes y acentos",
        );
        // Si no puede, se ve abajo: no llega nada.
        let _ = self.programa.escribe_tecla_a_tecla(&texto);
        let uno = hasta(ESPERA, || servidor.pantalla.texto().contains(CLAVE));
        let intacto = uno && hasta(POR_SI_ACASO, || servidor.pantalla.texto().contains(&texto));
        let otra = || servidor.pantalla.texto().contains("escrito dos");
        let _ = self.programa.escribe_tecla_a_tecla("escrito dos");
        // De quien espera a que llegue algo para enseñarlo ya lo dice C2.
        let sin_esperar = !mudo && uno && hasta(ESPERA, otra);
        // Si no, lo que le llegue puede que lo lea otro de sus hilos: no basta con una vez.
        let dos = sin_esperar || uno && insiste(servidor, "usuario 50000: tres", otra);
        let veredicto = match (uno, dos, intacto) {
            (true, true, false) => veredicto.falla(50, "el texto llega cambiado"),
            (true, true, true) if sin_esperar || mudo => veredicto,
            (true, true, true) => {
                veredicto.falla(50, "la segunda no llega hasta que le llega algo a él")
            }
            (true, false, _) => veredicto.falla(25, "solo llega la primera: se queda bloqueado"),
            (false, ..) => veredicto.falla(50, "no llega nada"),
        };
        self.juicio.anota("C3", veredicto);
        self.juicio.no_envia = !uno;
    }

    /// Por qué sigue abierta la conexión después de «salir».
    fn por_que_no_sale(&self, servidor: &Conexion) -> String {
        /// Las palabras que otros enunciados usan para lo mismo; las que contienen a otra, antes.
        const OTRAS: [&str; 7] = ["/salir", "/exit", "/quit", "exit", "quit", "bye", "desconectar"];
        if !servidor.pantalla.texto().contains("salir") {
            return "la conexión sigue abierta".into();
        }
        let textos = se_ve(self.programa).to_lowercase();
        let otra = OTRAS.iter().find(|una| textos.contains(**una));
        let otra = otra.map_or(String::new(), |una| format!("; en sus textos dice «{una}»"));
        format!("envía «salir», como un mensaje, y sigue{otra}")
    }

    /// C4.
    fn sale(&mut self, servidor: Conexion) {
        let veredicto = Veredicto::new(
            "escribir «salir», y cerrar cuando cierre",
            "que cierre la conexión y termine, sin cerrarle la entrada",
        );
        if self.terminado() {
            let visto = "ya había terminado, antes de escribir «salir»";
            self.juicio.anota("C4", veredicto.no_se_ve(visto));
            return;
        }
        let _ = self.programa.escribe_tecla_a_tecla("salir");
        let cierra = hasta(ESPERA, || servidor.pantalla.vista().terminada);
        let mut por_que_no = self.por_que_no_sale(&servidor);
        if !cierra && servidor.deja_de_hablar().is_ok() && hasta(UN_RATO, || self.terminado()) {
            por_que_no = "lo envía, y espera a que cierre el servidor".into();
        }
        drop(servidor);
        let mut termina = cierra && hasta(ESPERA, || self.terminado());
        if cierra && !termina {
            // Puede que espere a que se lea lo último.
            let _ = self.programa.escribe_tecla_a_tecla("");
            termina = hasta(POR_SI_ACASO, || self.terminado());
        }
        let veredicto = match (cierra, termina) {
            (true, true) => veredicto,
            (false, _) => veredicto.falla(75, por_que_no),
            (true, false) => veredicto.falla(75, "cierra la conexión, pero no termina"),
        };
        self.juicio.anota("C4", veredicto);
    }
}

/// La conexión de quien llegue a alguno, si llega en un momento.
fn llega(impostores: &[Impostor]) -> Resultado<Option<Conexion>> {
    let fin = Instant::now() + POR_SI_ACASO;
    loop {
        for impostor in impostores {
            let llegado = impostor.acepta_antes_de("servidor", Duration::ZERO)?;
            if llegado.is_some() {
                return Ok(llegado);
            }
        }
        if Instant::now() >= fin {
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(5));
    }
}
