//! Las cláusulas del cliente, una detrás de otra, contra un servidor de mentira.

use std::net::SocketAddr;
use std::time::Instant;

use super::{ARRANQUE, ESPERA, Juicio, POR_SI_ACASO, Veredicto, final_de, hasta};
use pruebas::conexion::{Conexion, Impostor, nadie_escucha};
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
pub fn juzgar(orden: &Orden, direccion: SocketAddr) -> Resultado<Juicio> {
    nadie_escucha(direccion)?;
    let contexto = Contexto::para_juzgar();
    let impostor = Impostor::en(&contexto, direccion)?;
    let mut programa = Programa::arrancar(&contexto, "cliente", orden)?;
    let mut juicio = Juicio::new(&ENUNCIADO);
    let ensayo = Ensayo { programa: &mut programa, juicio: &mut juicio };
    if let Err(fallo) = ensayo.hacer(&impostor) {
        juicio.corta(&fallo.detalle);
    }
    juicio.pantalla = final_de(&programa.pantalla.texto());
    programa.matar();
    Ok(juicio)
}

struct Ensayo<'a> {
    programa: &'a mut Programa,
    juicio: &'a mut Juicio,
}

impl Ensayo<'_> {
    fn hacer(mut self, impostor: &Impostor) -> Resultado {
        let veredicto = Veredicto::new(
            &format!("escuchar en {} y ponerlo en marcha", impostor.direccion),
            "que se conecte",
        );
        let fin = Instant::now() + ARRANQUE;
        let mut llegado = None;
        while llegado.is_none() && Instant::now() < fin {
            // Antes de mirar si llega: puede conectarse y terminar enseguida.
            let terminado = self.terminado();
            llegado = impostor.acepta_antes_de("servidor", POR_SI_ACASO)?;
            if terminado {
                break;
            }
        }
        let Some(servidor) = llegado else {
            let visto =
                if self.terminado() { "ha terminado sin conectarse" } else { "no se conecta" };
            self.juicio.anota("C1", veredicto.falla(0, visto));
            return Ok(());
        };
        self.juicio.anota("C1", veredicto);
        servidor.envia(format!("{BIENVENIDA}\n"))?;
        let mudo = self.muestra(&servidor)?;
        self.envia(&servidor)?;
        // Un cliente que espera al teclado enseña algo cuando se pulsa Intro.
        let algo = hasta(POR_SI_ACASO, || self.ve("bienvenido al chat"));
        self.sale(servidor)?;
        if mudo && !algo {
            let veredicto =
                Veredicto::new("mirar todo lo que ha enseñado", "lo que dicen los demás");
            // No está mal guardar la salida hasta el final, pero así no se le puede ver.
            let consejo = "toda su salida llega al terminar: que la vacíe (flush) tras cada línea";
            let guardada = self.terminado() && self.ve("50000: uno");
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
        self.programa.pantalla.texto().contains(texto)
    }

    /// C2. Devuelve si no enseña nada.
    fn muestra(&mut self, servidor: &Conexion) -> Resultado<bool> {
        const TEXTO: &str = "usuario 50000: uno, ¿qué tal, año nuevo?";
        const CLAVE: &str = "50000: uno";
        let veredicto = Veredicto::new(
            "que otro diga dos cosas, sin tocar el teclado",
            "que se vean enseguida, con sus eñes y acentos",
        );
        servidor.envia(format!("{TEXTO}\n"))?;
        let uno = hasta(ESPERA, || self.ve(CLAVE) || self.terminado()) && self.ve(CLAVE);
        let intacto = uno && hasta(POR_SI_ACASO, || self.ve(TEXTO));
        servidor.envia("usuario 50000: dos\n")?;
        let dos = uno && hasta(ESPERA, || self.ve("50000: dos"));
        let veredicto = match (uno, dos, intacto) {
            (true, true, true) => veredicto,
            (true, true, false) => veredicto.falla(50, "el texto se ve cambiado"),
            (true, false, _) => veredicto.falla(50, "solo se ve lo primero"),
            (false, ..) if self.terminado() => veredicto.falla(50, "el programa ha terminado"),
            (false, ..) => veredicto.falla(25, "no se ve nada mientras espera al teclado"),
        };
        self.juicio.anota("C2", veredicto);
        Ok(!uno)
    }

    /// C3.
    fn envia(&mut self, servidor: &Conexion) -> Resultado {
        const TEXTO: &str = "escrito uno: ¡qué año, señor!";
        const CLAVE: &str = "escrito uno";
        let veredicto = Veredicto::new(
            "escribir dos líneas, y responder a la primera",
            "que lleguen las dos al servidor, con sus eñes y acentos",
        );
        // Si ya ha terminado, se ve abajo: no llega nada.
        let _ = self.programa.escribe(TEXTO);
        let uno = hasta(ESPERA, || servidor.pantalla.texto().contains(CLAVE));
        let intacto = uno && hasta(POR_SI_ACASO, || servidor.pantalla.texto().contains(TEXTO));
        // Hay clientes que esperan una respuesta a cada línea: eso lo dice ya C2.
        servidor.envia("usuario 50000: tres\n")?;
        let _ = self.programa.escribe("escrito dos");
        let dos = uno && hasta(ESPERA, || servidor.pantalla.texto().contains("escrito dos"));
        let veredicto = match (uno, dos, intacto) {
            (true, true, true) => veredicto,
            (true, true, false) => veredicto.falla(50, "el texto llega cambiado"),
            (true, false, _) => veredicto.falla(50, "solo llega la primera"),
            (false, ..) => veredicto.falla(50, "no llega nada"),
        };
        self.juicio.anota("C3", veredicto);
        Ok(())
    }

    /// C4.
    fn sale(&mut self, servidor: Conexion) -> Resultado {
        let veredicto = Veredicto::new(
            "escribir «salir», y cerrar cuando cierre",
            "que cierre la conexión y termine, sin cerrarle la entrada",
        );
        // Por si espera una respuesta a lo último que envió.
        servidor.envia("usuario 50000: cuatro\n")?;
        let _ = self.programa.escribe("salir");
        let cierra = hasta(ESPERA, || servidor.pantalla.vista().terminada);
        servidor.corta();
        drop(servidor);
        let termina = hasta(ESPERA, || self.terminado());
        let veredicto = match (cierra, termina) {
            (true, true) => veredicto,
            (false, _) => veredicto.falla(75, "la conexión sigue abierta"),
            (true, false) => veredicto.falla(75, "cierra la conexión, pero no termina"),
        };
        self.juicio.anota("C4", veredicto);
        Ok(())
    }
}
