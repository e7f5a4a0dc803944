//! Nadie espera por otro: ni por quien no lee, ni por quien lee despacio, ni por la pantalla.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::limites::{consumo, llega};
use crate::conexion::conecta_con_sitio_para;
use crate::escena::{BIENVENIDA, Escena, Fallo, Resultado, Servidor};
use crate::razon::Razon::{self, CreceLaMemoria, EsperaALaPantalla, EsperanAlLento, NoLlega};

/// Lo que el sistema guarda para quien lee poco o nada: así se nota enseguida.
const POCO_SITIO: usize = 8 * 1024;

/// Uno habla sin parar y otro lee despacio, unos 100 KB por segundo: nadie lo espera, y a él, que va leyendo, no se le
/// expulsa.
pub fn lector_lento_aparte(escena: &Escena) -> Resultado {
    const RATO: Duration = Duration::from_secs(3);
    let servidor = escena.servidor()?;
    let lento = conecta_con_sitio_para(2 * POCO_SITIO, servidor.direccion)?;
    lento.set_read_timeout(Some(Duration::from_secs(30)))?;
    let acaba = AtomicBool::new(false);
    let ultima = thread::scope(|hilos| {
        let lectura = hilos.spawn(|| {
            while !acaba.load(Ordering::Relaxed) && (&lento).read(&mut [0; 1024]).is_ok() {
                thread::sleep(Duration::from_millis(10));
            }
        });
        // Con el ordenador ocupado, lo que hay que llenar para que se note tarda en llenarse.
        let rato = if escena.contexto().preve(EsperanAlLento) { 10 * RATO } else { RATO };
        let fin = Instant::now() + rato;
        let conversan = conversar_aparte(escena, &servidor, || Instant::now() < fin);
        acaba.store(true, Ordering::Relaxed);
        if conversan.is_err() {
            // Que la lectura no espere a lo que ya no llegará.
            let _ = lento.shutdown(Shutdown::Both);
        }
        lectura.join().map_err(|_| Fallo::prueba(&"la lectura se cae"))?;
        conversan
    })?;
    // Ahora deprisa: si no lo han expulsado, le llega también lo último que se dijo.
    let plazo = escena.contexto().plazo(EsperanAlLento);
    let queda = lee_hasta_linea(&mut BufReader::new(&lento), &ultima, plazo);
    escena.contexto().exige(queda, "se expulsa a quien lee despacio", String::new)
}

/// Uno habla sin parar, y diez que no leen se van a los dos segundos y medio y vuelven: nadie los espera.
pub fn sordos_que_vuelven(escena: &Escena) -> Resultado {
    const VUELVE: Duration = Duration::from_millis(250);
    const VISITAS: usize = 20;
    let servidor = escena.servidor()?;
    let direccion = servidor.direccion;
    // Con el ordenador ocupado, lo que hay que llenar para que se note tarda en llenarse.
    let preve = escena.contexto().preve(EsperanAlLento);
    let (visitas, a_la_vez) = if preve { (6 * VISITAS, 6 * VISITAS) } else { (VISITAS, 10) };
    let acaba = &AtomicBool::new(false);
    thread::scope(|hilos| {
        let visitas = hilos.spawn(move || -> Resultado {
            let mut sordos = VecDeque::new();
            for _ in (0..visitas).take_while(|_| !acaba.load(Ordering::Relaxed)) {
                sordos.push_back(conecta_con_sitio_para(POCO_SITIO, direccion)?);
                sordos.drain(..sordos.len().saturating_sub(a_la_vez));
                thread::sleep(VUELVE);
            }
            Ok(())
        });
        let conversan = conversar_aparte(escena, &servidor, || !visitas.is_finished());
        acaba.store(true, Ordering::Relaxed);
        conversan.map(drop).and(visitas.join().map_err(|_| Fallo::prueba(&"las visitas se caen"))?)
    })
}

/// Mientras otro habla sin parar y `sigue`, uno dice mensajes, cada uno cuando ha llegado el anterior. Casi siempre llegan mucho antes de que se sirva, o se expulse, a quien no lee.
/// Devuelve la línea del último, que llega cuando el otro ya ha callado.
fn conversar_aparte(
    escena: &Escena,
    servidor: &Servidor,
    sigue: impl Fn() -> bool,
) -> Resultado<String> {
    /// Entre un mensaje y otro: quien conversa no gasta su crédito.
    const PAUSA: Duration = Duration::from_millis(10);
    /// Mucho menos que el segundo que se da a quien no lee.
    const PRONTO: Duration = Duration::from_millis(100);
    let contexto = escena.contexto();
    let [autor, uno, otro] = [llega(servidor)?, llega(servidor)?, llega(servidor)?];
    let firma = format!("usuario {}: ", uno.local_addr()?.port());
    let mut oido = BufReader::new(&otro);
    let mut decir = |mensaje: &str, si_no: Razon| {
        let (inicio, plazo) = (Instant::now(), contexto.plazo(si_no.clone()));
        (&uno).write_all(format!("{mensaje}\n").as_bytes())?;
        let llega = lee_hasta_linea(&mut oido, &format!("{firma}{mensaje}\n"), plazo);
        contexto.exige(llega, si_no, || format!("no llega «{mensaje}»"))?;
        Ok::<_, Fallo>(inicio.elapsed())
    };
    decir("empiezo", NoLlega)?;
    // En Windows, apagar el socket no despierta a quien escribe en él.
    autor.set_write_timeout(Some(contexto.plazo(EsperanAlLento) - Instant::now()))?;
    let callate = AtomicBool::new(false);
    let esperas = thread::scope(|hilos| {
        hilos.spawn(|| {
            let lineas = format!("{}\n", "x".repeat(999)).repeat(20).into_bytes();
            let mut sigue = true;
            while sigue && !callate.load(Ordering::Relaxed) {
                sigue = (&autor).write_all(&lineas).is_ok();
            }
        });
        hilos.spawn(|| io::copy(&mut &uno, &mut io::sink()));
        let mut esperas = Vec::new();
        let mut conversan = Ok(());
        while conversan.is_ok() && sigue() {
            conversan = decir(&format!("mensaje {}", esperas.len()), EsperanAlLento)
                .map(|espera| esperas.push(espera));
            thread::sleep(PAUSA);
        }
        callate.store(true, Ordering::Relaxed);
        let _ = autor.shutdown(Shutdown::Both);
        let despedida = conversan.and_then(|()| decir("fin", EsperanAlLento));
        let _ = uno.shutdown(Shutdown::Both);
        despedida.map(|_| esperas)
    })?;
    // Con el ordenador muy ocupado alguno puede tardar; la mayor parte del rato, no.
    let total: Duration = esperas.iter().sum();
    let tarde: Duration = esperas.iter().filter(|espera| **espera > PRONTO).sum();
    contexto.exige(2 * tarde < total, EsperanAlLento, || {
        format!("en {total:?}, pasaron {tarde:?} esperando más de {PRONTO:?} a un mensaje")
    })?;
    Ok(format!("{firma}fin\n"))
}

/// Lee líneas hasta que llega esta, si llega antes de `plazo`.
fn lee_hasta_linea(lector: &mut BufReader<&TcpStream>, esperada: &str, plazo: Instant) -> bool {
    let queda = plazo.saturating_duration_since(Instant::now());
    if lector.get_ref().set_read_timeout(Some(queda)).is_err() {
        return false;
    }
    let mut linea = String::new();
    while linea != esperada {
        linea.clear();
        if !matches!(lector.read_line(&mut linea), Ok(1..)) || Instant::now() > plazo {
            return false;
        }
    }
    true
}

/// La pantalla del servidor se congela: el chat sigue, entran otros, y al descongelarla se ve lo que
/// cabía y cuánto falta.
pub fn pantalla_congelada(escena: &Escena) -> Resultado {
    const LINEAS: usize = 3_000;
    const NO_SE_DICE: &str = "no se dice cuánto falta";
    let contexto = escena.contexto();
    let mut servidor = escena.servidor()?;
    let [a, b] = [llega(&servidor)?, llega(&servidor)?];
    let mut oido = BufReader::new(&b);
    let firma = format!("usuario {}: ", a.local_addr()?.port());
    let mut decir = |mensaje: &str, ultimo: &str, si_no: Razon| {
        (&a).write_all(mensaje.as_bytes())?;
        let llega = lee_hasta_linea(
            &mut oido,
            &format!("{firma}{ultimo}\n"),
            contexto.plazo(si_no.clone()),
        );
        contexto.exige(llega, si_no, || format!("no llega «{ultimo}»"))
    };
    decir("empiezo\n", "empiezo", NoLlega)?;
    servidor.muestra(": empiezo\n", EsperaALaPantalla)?;
    let vistas = servidor.pantalla.texto().lines().count();
    servidor.congela_pantalla()?;
    // Que una línea no sea el mensaje entero: a un servidor parado no hay quien le escriba tanto.
    for tanda in 0..10 {
        let lineas = format!("{}\n", "x".repeat(999)).repeat(LINEAS / 10 - 1);
        decir(&format!("{lineas}tanda {tanda}\n"), &format!("tanda {tanda}"), EsperaALaPantalla)?;
    }
    let mut nuevo = BufReader::new(servidor.conecta()?);
    let mut saludo = String::new();
    nuevo.get_ref().set_read_timeout(Some(contexto.plazo(EsperaALaPantalla) - Instant::now()))?;
    let saludado = nuevo.read_line(&mut saludo).is_ok() && saludo.trim_end() == BIENVENIDA;
    contexto.exige(saludado, EsperaALaPantalla, || format!("quien llega lee «{saludo}»"))?;

    servidor.descongela_pantalla()?;
    let faltan = servidor.extrae(NO_SE_DICE, |texto| {
        let linea = texto.lines().find_map(|linea| linea.strip_suffix(" líneas sin mostrar"))?;
        linea.strip_prefix("… ")?.parse::<usize>().ok()
    })?;
    decir("ya se ve\n", "ya se ve", EsperaALaPantalla)?;
    servidor.muestra(": ya se ve\n", EsperaALaPantalla)?;
    // Todo lo dicho, el que llega y el último mensaje: o se ve, o se cuenta.
    let texto = servidor.pantalla.texto();
    let nuevas = texto.lines().skip(vistas).filter(|linea| !linea.starts_with('…')).count();
    contexto.exige(nuevas + faltan == LINEAS + 2, NO_SE_DICE, || {
        format!("se ven {nuevas} líneas, y dice que faltan {faltan}")
    })
}

/// Con la pantalla congelada, el servidor cierra igual: la espera un segundo, y no se queja.
pub fn cierre_con_pantalla_congelada(escena: &Escena) -> Resultado {
    const NO_CIERRA: &str = "el servidor no cierra en un momento";
    let mut servidor = escena.servidor()?;
    let a = escena.entra("A", &servidor)?;
    let b = escena.entra("B", &servidor)?;
    a.envia("empiezo\n")?;
    b.ve(&format!("usuario {}: empiezo", a.puerto), NoLlega)?;
    servidor.congela_pantalla()?;
    a.envia(format!("{}\n", "x".repeat(999)).repeat(400) + "fin\n")?;
    b.ve(&format!("usuario {}: fin", a.puerto), EsperaALaPantalla)?;
    let inicio = Instant::now();
    servidor.pide_que_termine()?;
    servidor.acaba(0, NO_CIERRA)?;
    let tarda = inicio.elapsed();
    b.ve_el_fin("la conexión no se cierra en orden")?;
    // Dentro de ese segundo puede descongelarse; y el ordenador puede estar muy ocupado.
    let bien = (Duration::from_secs(1)..Duration::from_secs(8)).contains(&tarda);
    escena.contexto().exige(bien, NO_CIERRA, || format!("tarda {tarda:?}"))?;
    servidor.descongela_pantalla()?;
    servidor.pantalla.espera(escena.contexto().plazo(NO_CIERRA), |vista| vista.terminada);
    let visto = servidor.pantalla.texto();
    escena.contexto().exige(!visto.contains("panic"), "se queja al cerrar", || visto)
}

/// Diez hablan sin parar y cien leen despacio: la memoria del servidor tiene un límite.
pub fn memoria_con_cien_lentos(escena: &Escena) -> Resultado {
    /// Los 28 MB que da la documentación de `TOPE`, y lo que ocupa lo demás.
    const MEMORIA_KIB: usize = 36 * 1024;
    /// Lo que leen entre todos: despacio, unos segundos.
    const LEEN: usize = 4 * 1024 * 1024;
    /// Lo que hay que dejar pasar sin que crezca: con el ordenador ocupado, también lo hace despacio.
    const QUIETA: Duration = Duration::from_secs(6);
    /// Menos que esto no es crecer.
    const ALGO_KIB: usize = 256;
    let servidor = escena.servidor()?;
    let pid = servidor.pid().ok_or_else(|| Fallo::prueba(&"no se sabe el número de proceso"))?;
    let lentos = (0..100).map(|_| conecta_con_sitio_para(POCO_SITIO, servidor.direccion));
    let lentos = lentos.collect::<Resultado<Vec<_>>>()?;
    let autores = (0..10).map(|_| llega(&servidor)).collect::<Resultado<Vec<_>>>()?;
    for lento in &lentos {
        servidor.anuncia(lento.local_addr()?.port())?;
        lento.set_nonblocking(true)?;
    }
    let plazo = escena.contexto().plazo(NoLlega);
    thread::scope(|hilos| {
        for mut autor in &autores {
            let linea = format!("{}\n", "x".repeat(189));
            hilos.spawn(move || while autor.write_all(linea.as_bytes()).is_ok() {});
            hilos.spawn(move || io::copy(&mut autor, &mut io::sink()));
        }
        let (mut leido, mut peor, mut desde) = (0, 0, Instant::now());
        while (leido < LEEN || desde.elapsed() < QUIETA)
            && peor < MEMORIA_KIB
            && Instant::now() < plazo
        {
            for mut lento in &lentos {
                leido += lento.read(&mut [0; 1024]).unwrap_or(0);
            }
            let ahora = consumo(pid)?.memoria_kib;
            if ahora > peor + ALGO_KIB {
                (peor, desde) = (ahora, Instant::now());
            }
            thread::sleep(Duration::from_millis(50));
        }
        for autor in &autores {
            let _ = autor.shutdown(Shutdown::Both);
        }
        let contexto = escena.contexto();
        contexto.exige(peor < MEMORIA_KIB, CreceLaMemoria, || format!("{peor} KiB"))?;
        contexto.exige(leido >= LEEN, NoLlega, || format!("solo leen {leido} bytes"))
    })
}
