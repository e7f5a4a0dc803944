//! Las cláusulas del servidor, una detrás de otra, contra el mismo proceso.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::clase::Papel;
use super::donde::{Donde, escucha_en};
use super::manera::{Manera, de_la_mejor_manera};
use super::preguntas::{Respuestas, es_pregunta};
use super::{
    ARRANQUE, CALLADO, ESPERA, Juicio, POR_SI_ACASO, Veredicto, arrancar, conectar, final_de,
    hasta, insiste, que_ha_pasado, se_ve,
};
use pruebas::conexion::{Conexion, puerto_libre};
use pruebas::escena::{Contexto, Resultado};
use pruebas::programa::{Orden, Programa};

/// Nombre, lo que pide, y el capítulo que la trata.
const ENUNCIADO: [(&str, &str, &str); 6] = [
    ("S1", "escucha en 127.0.0.1:12345", "docs/01-echo.md"),
    ("S2", "acepta a muchos clientes a la vez", "docs/02-multi-client.md"),
    ("S3", "con hilos", "docs/02-multi-client.md"),
    ("S4", "guarda los sockets de los clientes conectados", "docs/03-broadcast.md"),
    ("S5", "reenvía cada mensaje a todos menos a su autor", "docs/03-broadcast.md"),
    (
        "S6",
        "cuando un cliente se va o falla, quita su socket y cierra la conexión",
        "docs/04-salir-and-cleanup.md",
    ),
];

/// Lo que se hace y lo que se espera para saber si atiende a muchos.
const A_LA_VEZ: &str =
    "conectar A, B y C, y que B, y después C, digan algo mientras A sigue conectado";
const SENAL: &str = "alguna señal de que se les atiende";

/// Los bytes que ya no son un aviso de que alguien se ha ido.
const AVALANCHA: usize = 16 * 1024;

/// Juzga un servidor.
///
/// # Errors
///
/// Si no se puede juzgar: no hay tal programa, o el puerto es de otro.
pub fn juzgar(orden: &Orden, donde: &Donde) -> Resultado<Juicio> {
    de_la_mejor_manera(Papel::Servidor, orden, donde, |manera, orden| {
        juzgar_con(manera, orden, donde.direccion)
    })
}

fn juzgar_con(manera: Manera, orden: &Orden, direccion: SocketAddr) -> Resultado<Juicio> {
    puerto_libre(direccion)?;
    let contexto = Contexto::para_juzgar(manera.modo);
    let mut programa = arrancar(&contexto, "servidor", orden)?;
    let mut juicio = Juicio::new(&ENUNCIADO);
    for oral in ["S3", "S4"] {
        let veredicto = Veredicto::new("", "");
        juicio.anota(oral, veredicto.no_se_ve("desde fuera no se ve: queda para la revisión oral"));
    }
    // Un fallo de la red a mitad del juicio es del servidor: lo que falte queda sin ver.
    let mut ensayo = Ensayo {
        direccion,
        manera,
        programa: &mut programa,
        juicio: &mut juicio,
        con_nombre: false,
        respuestas: Respuestas::new(Papel::Servidor, direccion, "chat"),
    };
    let acaba = ensayo.hacer();
    let suya = ensayo.direccion;
    if acaba.is_err() {
        juicio.corta(50, &que_ha_pasado(&mut programa));
    }
    juicio.escucha = juicio.arranca().then_some(suya);
    juicio.acaba(&mut programa);
    Ok(juicio)
}

struct Ensayo<'a> {
    direccion: SocketAddr,
    manera: Manera,
    programa: &'a mut Programa,
    juicio: &'a mut Juicio,
    /// Lo primero que dice cada conexión es su nombre.
    con_nombre: bool,
    /// Lo que se contesta en su teclado.
    respuestas: Respuestas,
}

impl Ensayo<'_> {
    fn hacer(&mut self) -> Resultado {
        let Some(a) = self.escucha() else { return Ok(()) };
        let (Ok(b), Ok(c)) = (self.entra("PersonaB"), self.entra("PersonaC")) else {
            let veredicto = Veredicto::new(A_LA_VEZ, SENAL);
            let visto = "la conexión del segundo, o la del tercero, se rechaza";
            // Con uno solo no hay chat; con dos, a medias.
            let techo = if self.entra("PersonaB").is_err() { 25 } else { 50 };
            self.juicio.anota("S2", veredicto.falla(techo, visto));
            return Ok(());
        };
        self.que_los_apunte();
        if !self.a_la_vez(&a, &b, &c)? {
            return Ok(());
        }
        if self.reenvia(&a, &b, &c)? {
            self.olvida(&a, &b, &c)?;
        }
        Ok(())
    }

    fn entra(&self, nombre: &'static str) -> Resultado<Conexion> {
        /// Dos personas no llegan en el mismo milisegundo, que hay quien usa para distinguirlas.
        const ENTRE_DOS: Duration = Duration::from_millis(50);
        hasta(ENTRE_DOS, || self.programa.pantalla.vista().terminada);
        let conexion = conectar(self.programa.contexto(), nombre, self.direccion)?;
        if self.con_nombre {
            self.presentarse(&conexion, nombre)?;
        }
        Ok(conexion)
    }

    /// Dice un nombre, y contesta a lo que el servidor pregunte después.
    fn presentarse(&self, conexion: &Conexion, nombre: &'static str) -> Resultado {
        const PREGUNTAS: usize = 3;
        let mut respuestas = Respuestas::new(Papel::Cliente, self.direccion, nombre);
        for vez in 0..PREGUNTAS {
            let texto = conexion.pantalla.texto();
            if vez > 0 && !es_pregunta(&texto) {
                break;
            }
            let dicho = respuestas.a(&texto);
            conexion.envia(format!("{}\n", if dicho.is_empty() { nombre } else { &dicho }))?;
            // Que no llegue junto con lo que diga después.
            hasta(POR_SI_ACASO, || conexion.pantalla.texto().len() > texto.len());
        }
        Ok(())
    }

    /// Como no pasa nada, cada uno dice su nombre, por si lo espera.
    fn presenta(&mut self, todos: [&Conexion; 3]) {
        self.con_nombre = true;
        for (conexion, nombre) in todos.iter().zip(["PersonaA", "PersonaB", "PersonaC"]) {
            // Si ya no se puede decir, se verá después.
            let _ = self.presentarse(conexion, nombre);
        }
    }

    /// Contesta en su teclado, si parece que pregunta algo. Devuelve si lo parecía.
    fn contesta(&mut self) -> bool {
        let pantalla = se_ve(self.programa);
        if !es_pregunta(&pantalla) {
            return false;
        }
        let respuesta = self.respuestas.a(&pantalla);
        let _ = self.programa.escribe_tecla_a_tecla(&respuesta);
        self.juicio.avisos.push(format!("no pasaba nada: se ha escrito «{respuesta}»"));
        true
    }

    fn avisa_del_nombre(&mut self) {
        let aviso = "sin decir nada no pasaba nada: cada conexión ha dicho antes un nombre";
        self.juicio.avisos.push(aviso.into());
    }

    /// S1. Devuelve la primera conexión.
    fn escucha(&mut self) -> Option<Conexion> {
        let veredicto = Veredicto::new(
            &format!("ponerlo en marcha y conectarse a {}", self.direccion),
            "que admita la conexión",
        );
        let pedida = self.direccion;
        let primera = RefCell::new(None);
        let fin = Instant::now() + ARRANQUE;
        loop {
            let (programa, direccion) = (&*self.programa, self.direccion);
            let intento = || {
                *primera.borrow_mut() = conectar(programa.contexto(), "PersonaA", direccion).ok();
                primera.borrow().is_some() || programa.pantalla.vista().terminada
            };
            // Si se queda callado, puede escuchar en otro sitio, o estar preguntando algo; si no, arrancando.
            if hasta(CALLADO, intento) || Instant::now() >= fin {
                break;
            }
            match escucha_en(self.programa).first() {
                Some(otra) => self.direccion = *otra,
                None => _ = self.contesta(),
            }
        }
        let programa = &*self.programa;
        let primera = primera.into_inner();
        let veredicto = match &primera {
            Some(_) if self.direccion != pedida => {
                veredicto.falla(75, format!("escucha en {}", self.direccion))
            }
            Some(_) => veredicto,
            None if programa.pantalla.vista().terminada => {
                veredicto.falla(0, "el programa ha terminado antes de escuchar")
            }
            None => veredicto.falla(0, "nadie escucha ahí"),
        };
        self.juicio.anota("S1", veredicto);
        primera
    }

    /// S2. Devuelve si tiene sentido seguir.
    fn a_la_vez(&mut self, a: &Conexion, b: &Conexion, c: &Conexion) -> Resultado<bool> {
        const TEXTO: &str = "habla el segundo";
        const TERCERO: &str = "habla el tercero";
        let veredicto = Veredicto::new(A_LA_VEZ, SENAL);
        // Se oye, o se ve en el servidor. Una bienvenida también es una señal.
        let senal = |programa: &Programa, quien: &Conexion, texto: &str| {
            [a, b, c].iter().any(|uno| uno.pantalla.texto().contains(texto))
                || programa.pantalla.texto().contains(texto)
                || !quien.pantalla.texto().is_empty()
        };
        let mut oido = insiste(b, TEXTO, || senal(self.programa, b, TEXTO));
        if !oido && self.contesta() {
            oido = insiste(b, TEXTO, || senal(self.programa, b, TEXTO));
        }
        if !oido {
            self.presenta([a, b, c]);
            oido = insiste(b, TEXTO, || senal(self.programa, b, TEXTO));
            if oido {
                self.avisa_del_nombre();
            }
        }
        if oido {
            let al_tercero = insiste(c, TERCERO, || senal(self.programa, c, TERCERO));
            let veredicto = if al_tercero {
                veredicto
            } else {
                veredicto.falla(50, "al tercero no se le atiende")
            };
            self.juicio.anota("S2", veredicto);
            return Ok(al_tercero);
        }
        if let Some(como) = self.programa.como_ha_terminado() {
            // A quien no ha servido a nadie no le funciona nada.
            let sirve = [a, b, c].iter().any(|uno| !uno.pantalla.texto().is_empty());
            let visto = format!("el servidor ha terminado {como}");
            self.juicio.anota("S2", veredicto.falla(if sirve { 25 } else { 0 }, visto));
            return Ok(false);
        }
        if b.pantalla.vista().terminada {
            let corta = "la conexión de quien habla se corta";
            if insiste(a, TEXTO, || a.pantalla.vista().terminada) {
                self.juicio.anota("S2", veredicto.no_se_ve(corta));
                let veredicto = Veredicto::new("que B diga algo, y después A", "que se oiga");
                self.juicio.anota("S5", veredicto.falla(0, corta));
            } else {
                self.juicio.anota("S2", veredicto.falla(25, "la conexión de B se corta"));
            }
            return Ok(false);
        }
        // Hay servidores que hablan con uno, por turnos, y empieza quien los lleva.
        let _ = self.programa.escribe_tecla_a_tecla("hola desde el servidor");
        let solo_a_uno =
            hasta(POR_SI_ACASO, || [a, b, c].iter().any(|uno| !uno.pantalla.texto().is_empty()));
        if solo_a_uno {
            let visto = "solo se habla con uno, desde el teclado del servidor";
            self.juicio.anota("S2", veredicto.falla(25, visto));
            return Ok(false);
        }
        // De A se ha visto su nombre; de B, nada.
        let solo_el_primero = se_ve(self.programa).contains("PersonaA");
        // Queda una señal: que cierre a quien deja de hablar. Si solo llega cuando A se va, es que
        // atendía de uno en uno.
        let programa = &*self.programa;
        let cierra = || senal(programa, b, TEXTO) || b.pantalla.vista().terminada;
        b.deja_de_hablar()?;
        let a_la_vez = hasta(ESPERA, cierra);
        a.cierra();
        let veredicto = if a_la_vez {
            veredicto
        } else if solo_el_primero {
            veredicto.falla(25, "se ve lo que dice A, y nada de lo que dice B")
        } else if hasta(ESPERA, cierra) {
            veredicto.falla(25, "a B solo se le atiende cuando A se va")
        } else {
            veredicto.no_se_ve("nadie recibe nada, ni el servidor enseña ni cierra nada")
        };
        let uno_solo = veredicto.cumple == Some(false);
        self.juicio.anota("S2", veredicto);
        if !uno_solo {
            let veredicto = Veredicto::new("que B diga algo", "que lo reciban A y C");
            self.juicio.anota("S5", veredicto.falla(0, "nadie recibe nada"));
        }
        Ok(false)
    }

    /// S5. Devuelve si los mensajes llegan, aunque no sea del todo bien.
    fn reenvia(&mut self, a: &Conexion, b: &Conexion, c: &Conexion) -> Resultado<bool> {
        /// Lo que de ese texto no se puede estropear al cambiar de alfabeto.
        const CLAVE: &str = "mensaje uno";
        /// Lo que se dice hasta que se oye: el servidor puede no haber apuntado aún a todos.
        const PRUEBA: &str = "se me oye?";
        const TERCERO: &str = "y a mi, se me oye?";
        let texto = self.manera.texto("mensaje uno: ¿qué tal la mañana?");
        let veredicto = Veredicto::new(
            "que A diga algo con eñes y acentos, y después B",
            "que lo de A llegue a B y a C tal cual, y a A no; que lo de B llegue a A y a C",
        );
        let tiene = |quien: &Conexion, texto: &str| quien.pantalla.texto().contains(texto);
        let todos_oyen = || tiene(b, PRUEBA) && tiene(c, PRUEBA);
        let mut oyen = insiste(a, PRUEBA, todos_oyen);
        if !oyen {
            self.presenta([a, b, c]);
            oyen = insiste(a, PRUEBA, todos_oyen);
            if oyen {
                self.avisa_del_nombre();
            }
        }
        let llega = oyen && {
            a.envia(format!("{texto}\n"))?;
            hasta(ESPERA, || tiene(b, CLAVE) && tiene(c, CLAVE))
        };
        if !llega {
            let dicho = if oyen { CLAVE } else { PRUEBA };
            let al_ultimo = || insiste(c, TERCERO, || tiene(a, TERCERO) || tiene(b, TERCERO));
            let (techo, visto) = match (tiene(b, dicho), tiene(c, dicho), tiene(a, dicho)) {
                (false, false, true) => (50, "solo lo recibe su autor"),
                (false, false, false) if oyen => (50, "se oía, y esto no lo recibe nadie"),
                (false, false, false) if al_ultimo() => {
                    (50, "lo que dice el primero no lo recibe nadie, y lo que dice el último, sí")
                }
                (false, false, false) => (0, "no lo recibe nadie"),
                _ => (50, "no lo reciben todos los demás"),
            };
            self.juicio.anota("S5", veredicto.falla(techo, visto));
            return Ok(false);
        }
        // El resto del texto puede venir en otra lectura.
        let intacto = hasta(POR_SI_ACASO, || tiene(b, &texto) && tiene(c, &texto));
        b.envia("mensaje dos\n")?;
        let vuelve = hasta(ESPERA, || tiene(a, "mensaje dos") && tiene(c, "mensaje dos"));
        let eco = hasta(POR_SI_ACASO, || tiene(a, CLAVE));
        let veredicto = if !vuelve {
            veredicto.falla(50, "lo de A llega a los demás, pero lo de B no")
        } else if !intacto {
            let llegado = final_de(&b.pantalla.texto());
            veredicto.falla(50, format!("el texto llega cambiado: {}", llegado.trim_end()))
        } else if [b, c].iter().any(|uno| uno.pantalla.texto().matches(CLAVE).count() > 1) {
            veredicto.falla(75, "llega repetido")
        } else if eco {
            veredicto.falla(75, "también lo recibe su autor")
        } else {
            veredicto
        };
        self.juicio.anota("S5", veredicto);
        Ok(vuelve)
    }

    /// Nadie habla nada más llegar: hay servidores que aún no han terminado de apuntarlo.
    fn que_los_apunte(&self) {
        hasta(POR_SI_ACASO, || self.programa.pantalla.vista().terminada);
    }

    /// Alguien llega y dice algo, que `oyente` oye.
    fn visita(&self, nombre: &'static str, texto: &str, oyente: &Conexion) -> Resultado<Conexion> {
        let visita = self.entra(nombre)?;
        self.que_los_apunte();
        visita.envia(format!("{texto}\n"))?;
        hasta(ESPERA, || oyente.pantalla.texto().contains(texto));
        Ok(visita)
    }

    /// ¿Tiene más sockets que antes, donde se pueden contar?
    fn quedan_mas_de(&self, antes: Option<usize>) -> bool {
        let cuantos =
            |hay: usize| self.programa.sockets_abiertos().is_none_or(|ahora| ahora <= hay);
        antes.filter(|hay| *hay > 3).is_some_and(|hay| !hasta(ESPERA, || cuantos(hay)))
    }

    /// S6: uno deja de hablar, otro se corta, y los demás siguen hablando.
    fn olvida(&mut self, a: &Conexion, b: &Conexion, c: &Conexion) -> Resultado {
        let veredicto = Veredicto::new(
            "que D se vaya en orden y E se corte de golpe; después, que A y B hablen",
            "que el servidor cierre sus conexiones, y que los demás se sigan oyendo",
        );
        let cuarto = self.visita("PersonaD", "soy el cuarto", b)?;
        let recibido = b.pantalla.bytes().len();
        cuarto.se_va();
        // Nadie habla en el mismo instante en que otro se va.
        hasta(POR_SI_ACASO, || self.programa.pantalla.vista().terminada);
        let hablan = siguen([a, b, c], "D");
        let inunda = hasta(POR_SI_ACASO, || b.pantalla.bytes().len() > recibido + AVALANCHA);
        if inunda || !hablan {
            let visto = match (inunda, self.programa.pantalla.vista().terminada) {
                (true, _) => "cuando alguien se va, inunda a los demás",
                (false, true) => "cuando alguien se va, el servidor se cae",
                (false, false) => "cuando alguien se va, los que quedan dejan de oírse",
            };
            self.juicio.anota("S6", veredicto.falla(50, visto));
            return Ok(());
        }
        // De quien se va del todo no se ve si el servidor cierra su lado; de quien solo deja de hablar, sí.
        let callado = self.visita("PersonaF", "soy quien se calla", b)?;
        callado.deja_de_hablar()?;
        let cierra = hasta(ESPERA, || callado.pantalla.vista().terminada);
        drop(callado);
        let abiertos = self.programa.sockets_abiertos();
        let quinto = self.visita("PersonaE", "soy el quinto", b)?;
        // Se corta.
        drop(quinto);
        // Si no lo aguanta, que le dé tiempo a caerse.
        hasta(POR_SI_ACASO, || self.programa.pantalla.vista().terminada);
        let veredicto = if !siguen([a, b, c], "E") {
            let muerto = self.programa.pantalla.vista().terminada;
            let visto = if muerto { "el servidor se cae" } else { "los demás dejan de oírse" };
            veredicto.falla(75, format!("cuando alguien se corta de golpe, {visto}"))
        } else if !cierra {
            veredicto.falla(75, "la conexión de quien se va sigue abierta")
        } else if self.quedan_mas_de(abiertos) {
            veredicto.falla(75, "el socket de E, que se cortó, sigue abierto")
        } else {
            veredicto
        };
        self.juicio.anota("S6", veredicto);
        Ok(())
    }
}

/// ¿Se siguen oyendo, cuando alguien se ha ido? Varias veces: hay servidores que aguantan la primera escritura a
/// quien ya no está.
fn siguen([a, b, c]: [&Conexion; 3], quien: &str) -> bool {
    (0..3).flat_map(|vez| [(vez, a, b), (vez, b, a)]).all(|(vez, autor, oyente)| {
        let texto = format!("sin {quien}, sigo presente {vez} {}", autor.puerto);
        // Entre lo que dice uno y lo que dice otro pasa un rato.
        hasta(POR_SI_ACASO, || oyente.pantalla.vista().terminada);
        let dicho = autor.envia(format!("{texto}\n")).is_ok();
        let lo_oyen = || {
            [oyente, c].iter().all(|uno| uno.pantalla.texto().contains(&texto))
                || oyente.pantalla.vista().terminada
        };
        dicho && hasta(ESPERA, lo_oyen) && oyente.pantalla.texto().contains(&texto)
    })
}
