//! El laboratorio de fallos: redes que trocean, programas que no leen, cierres en mal momento.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::thread;
use std::time::{Duration, Instant};

use crate::escena::{Escena, Resultado};

const NO_LLEGA: &str = "el mensaje no llega a los demás";

/// Lo que se admite a lo que debe tardar de 1 a 2 segundos, con el ordenador muy ocupado.
const UN_MOMENTO: Duration = Duration::from_secs(8);

/// Un mensaje llega byte a byte, y después dos mensajes en un solo envío.
pub fn bytes_sueltos(escena: &Escena<'_>) -> Resultado {
    let servidor = escena.servidor()?;
    let a = escena.entra("A", &servidor)?;
    let b = escena.entra("B", &servidor)?;
    // Con un fin de línea por delante, un silencio entre dos bytes no termina nada.
    for byte in "¡voy!\naño 🦀\r\n".bytes() {
        a.envia([byte])?;
    }
    b.ve(&format!("usuario {}: año 🦀", a.puerto), NO_LLEGA)?;
    a.envia("uno\ndos\n")?;
    b.ve(&format!("usuario {}: uno", a.puerto), NO_LLEGA)?;
    b.ve(&format!("usuario {}: dos", a.puerto), NO_LLEGA)
}

/// Un cliente lee de byte en byte; los demás no esperan por él, y a él también le llega todo.
pub fn lector_lento(escena: &Escena<'_>) -> Resultado {
    const MENSAJES: usize = 100;
    let servidor = escena.servidor()?;
    let mut lento = servidor.conecta()?;
    servidor.anuncia(lento.local_addr()?.port())?;
    let a = escena.entra("A", &servidor)?;
    let b = escena.entra("B", &servidor)?;
    for i in 0..MENSAJES {
        a.envia(format!("mensaje {i}\n"))?;
    }
    let ultimo = format!("usuario {}: mensaje {}", a.puerto, MENSAJES - 1);
    b.ve(&ultimo, NO_LLEGA)?;
    lento.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut leido = Vec::new();
    while !leido.ends_with(format!("{ultimo}\n").as_bytes()) {
        let mut byte = [0];
        lento.read_exact(&mut byte)?;
        leido.push(byte[0]);
    }
    let leidos = String::from_utf8_lossy(&leido).matches(": mensaje ").count();
    escena.contexto().exige(leidos == MENSAJES, "al lector lento le faltan mensajes", || {
        format!("leyó {leidos} de {MENSAJES}")
    })
}

/// Un mega sin fin de línea no se queda en la memoria del servidor: sale a trozos según llega.
pub fn mega_sin_fin_de_linea(escena: &Escena<'_>) -> Resultado {
    const MEGA: usize = 1024 * 1024;
    let servidor = escena.servidor()?;
    let a = escena.entra("A", &servidor)?;
    let b = escena.entra("B", &servidor)?;
    a.envia("x".repeat(MEGA))?;
    let plazo = escena.contexto().plazo(NO_LLEGA);
    let llega = b.pantalla().espera(plazo, |vista| vista.texto.matches('x').count() == MEGA);
    escena.contexto().exige(llega, NO_LLEGA, || "no llega el mega".to_string())
}

/// El servidor nunca cierra: al salir, el cliente no lo espera más de un momento.
pub fn servidor_que_no_cierra(escena: &Escena<'_>) -> Resultado {
    let impostor = escena.impostor()?;
    let mut cliente = escena.cliente("cliente", impostor.direccion)?;
    let servidor = impostor.acepta("servidor de mentira")?;
    cliente.escribe("hola")?;
    servidor.ve("hola", "no envía lo escrito")?;
    // El cliente del paso 01 espera respuesta a cada línea.
    servidor.envia("hola\n")?;
    cliente.escribe("salir")?;
    let inicio = Instant::now();
    cliente.acaba(0, "el cliente espera para siempre")?;
    let tarda = inicio.elapsed();
    escena
        .contexto()
        .exige(tarda < UN_MOMENTO, "el cliente espera demasiado", || format!("{tarda:?}"))
}

/// El sistema pide al servidor que termine (SIGTERM): se despide como con Ctrl-C.
pub fn sigterm(escena: &Escena<'_>) -> Resultado {
    const NO_SE_DESPIDE: &str = "SIGTERM lo mata sin más";
    let mut servidor = escena.servidor()?;
    let a = escena.entra("A", &servidor)?;
    servidor.pide_que_termine()?;
    servidor.ve("cerrando servidor...", NO_SE_DESPIDE)?;
    servidor.acaba(0, NO_SE_DESPIDE)?;
    a.ve_el_fin("la conexión no se cierra en orden")
}

/// Ctrl-C con uno que habla sin parar y otro que no lee: el servidor no tarda en cerrar.
pub fn ctrl_c_en_plena_avalancha(escena: &Escena<'_>) -> Resultado {
    const NO_SE_DESPIDE: &str = "Ctrl-C lo mata sin más";
    let mut servidor = escena.servidor()?;
    let mut autor = servidor.conecta()?;
    let puerto = autor.local_addr()?.port();
    servidor.anuncia(puerto)?;
    let _sordo = servidor.conecta()?;
    let linea = format!("{}\n", "x".repeat(999));
    let freno = autor.try_clone()?;
    let hilo = thread::spawn(move || while autor.write_all(linea.as_bytes()).is_ok() {});
    servidor.muestra("xxx", "el servidor no muestra la avalancha")?;
    let inicio = Instant::now();
    servidor.ctrl_c()?;
    servidor.ve("cerrando servidor...", NO_SE_DESPIDE)?;
    servidor.acaba(0, NO_SE_DESPIDE)?;
    let tarda = inicio.elapsed();
    // El servidor ya no está, pero quien escribía con su buzón lleno puede tardar minutos en saberlo.
    let _ = freno.shutdown(Shutdown::Both);
    let _ = hilo.join();
    escena.contexto().exige(tarda < UN_MOMENTO, "tarda en cerrar", || format!("{tarda:?}"))
}
