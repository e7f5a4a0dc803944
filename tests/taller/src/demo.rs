//! Antes y después: la misma escena, con los programas del paso anterior y con los de este.
//!
//! Siempre hay dos clientes, A y B, y algo que mirar: lo que enseña una pantalla o, donde no se ve en ninguna, lo
//! que gasta el servidor.

use std::any::Any;
use std::io::{self, IsTerminal, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use curso::copia::programas_de;
use curso::ficheros::raiz;
use pruebas::conexion::conecta_con_sitio_para;
use pruebas::construir::construir;
use pruebas::consumo::Consumo;
use pruebas::escena::{Escena, Resultado, Servidor};
use pruebas::pantalla::Pantalla;
use pruebas::programa::{Modo, Programa};
use pruebas::tabla::PASOS;

use crate::Paso;

/// Lo que se espera a lo que puede que no pase nunca: que la clase no se duerma.
const RATO: Duration = Duration::from_secs(2);

/// Lo que enseña un paso.
struct Demo {
    /// Lo que se hace.
    hace: &'static str,
    /// Lo que hay que mirar.
    mira: &'static str,
    /// Necesita el número de proceso del servidor: sin terminal.
    gasto: bool,
    escena: fn(&Escena) -> Resultado<Fin>,
}

/// Cómo ha quedado todo.
struct Fin {
    /// Lo que no se ve en ninguna pantalla.
    nota: String,
    /// Lo que sigue en marcha hasta que se hayan mirado las pantallas.
    _en_marcha: Box<dyn Any>,
}

/// Una por paso, en su orden.
const DEMOS: [Demo; PASOS.len()] = [
    Demo {
        hace: "A escribe «hola», y después B escribe «¿me oye alguien?».",
        mira: "a B no le contesta nadie: el servidor está con A.",
        gasto: false,
        escena: hablan_los_dos,
    },
    Demo {
        hace: "A escribe «hola», y después B escribe «¿me oye alguien?».",
        mira: "la pantalla de B: ¿le contesta el servidor?",
        gasto: false,
        escena: hablan_los_dos,
    },
    Demo {
        hace: "A escribe «hola», y después B escribe «¿me oye alguien?».",
        mira: "qué lee cada uno del otro.",
        gasto: false,
        escena: hablan_los_dos,
    },
    Demo {
        hace: "A escribe «salir».",
        mira: "si A termina, y qué lee B.",
        gasto: false,
        escena: sale_uno,
    },
    Demo {
        hace: "Con A y B conectados, se pone en marcha otro servidor en el mismo puerto.",
        mira: "lo que dice el otro servidor.",
        gasto: false,
        escena: otro_servidor,
    },
    Demo {
        hace: "El servidor solo puede abrir catorce ficheros. Con A y B dentro, llegan muchos más; después, habla A.",
        mira: "qué es del servidor y, si sigue, si B oye a A.",
        gasto: false,
        escena: no_caben,
    },
    Demo {
        hace: "El servidor desaparece.",
        mira: "cómo están los clientes: ¿se han enterado?",
        gasto: false,
        escena: desaparece,
    },
    Demo {
        hace: "A escribe la orden con la que un terminal se borra, y Intro sin nada.",
        mira: "qué le llega a B.",
        gasto: false,
        escena: manda_en_otro,
    },
    Demo {
        hace: "A escribe una línea de 3000 letras.",
        mira: "en cuántos mensajes le llega a B, y cómo es el más largo.",
        gasto: false,
        escena: linea_larga,
    },
    Demo {
        hace: "Otro programa envía «hola», sin fin de línea, y se calla.",
        mira: "si A y B lo leen.",
        gasto: false,
        escena: sin_fin_de_linea,
    },
    Demo {
        hace: "A y B hablan.",
        mira: "que se ve lo mismo: lo que cambia es por dentro. Hay un hilo más, la sala.",
        gasto: true,
        escena: cuantos_hilos,
    },
    Demo {
        hace: "Otro programa envía 50 000 líneas, que se reparten a A, a B y a diez más.",
        mira: "lo que trabaja el servidor para lo mismo.",
        gasto: true,
        escena: cuanto_trabaja,
    },
    Demo {
        hace: "B deja de leer (con Ctrl-Z), y otro programa habla sin parar. Después, A envía un mensaje a C.",
        mira: "si C lo lee.",
        gasto: false,
        escena: uno_no_lee,
    },
    Demo {
        hace: "Diez hablan sin parar, y cien leen despacio; A y B siguen en el chat.",
        mira: "la memoria del servidor.",
        gasto: true,
        escena: cien_lentos,
    },
    Demo {
        hace: "Se congela la pantalla del servidor (con Ctrl-S), otro habla sin parar, y A envía un mensaje a B.",
        mira: "si B lo lee.",
        gasto: false,
        escena: pantalla_congelada,
    },
];

/// Hace la demo de un paso, primero con el anterior.
pub fn hacer(paso: &Paso, salida: &mut impl Write) -> Result<(), String> {
    let a_texto = |error: io::Error| format!("no se puede escribir en el terminal: {error}");
    let demo = &DEMOS[paso.columna];
    writeln!(salida, "{}: {}\n\n{}\nMira: {}", paso.nombre(), paso.idea(), demo.hace, demo.mira)
        .map_err(a_texto)?;
    let anterior = paso.columna.checked_sub(1).map(|columna| ("Antes", Paso::en(columna)));
    let este = ("Después", Paso::en(paso.columna));
    for (cuando, cual) in anterior.into_iter().chain([este]) {
        esperar_a_que_se_prediga(salida).map_err(a_texto)?;
        let paquete = &cual.capitulo.paquete;
        let programas = construir(&raiz(), &["--locked", "--package", paquete])?;
        let [servidor, cliente] = programas_de(paquete).map(|nombre| {
            let suyo = |ruta: &&PathBuf| ruta.file_stem().is_some_and(|otro| *otro == *nombre);
            programas.iter().find(suyo).cloned().unwrap_or_default()
        });
        let modo = if cfg!(unix) && !demo.gasto { Modo::Terminal } else { Modo::Tuberias };
        let escena = Escena::new(modo, &*servidor, &*cliente, None);
        let fin = (demo.escena)(&escena).map_err(|fallo| {
            format!("la demo no ha podido acabar: {}\n{}", fallo.razon, fallo.detalle)
        })?;
        let (nombre, pantallas) = (cual.nombre(), resumidas(&escena.contexto().informe()));
        writeln!(salida, "\n===== {cuando}: con el {nombre} =====\n\n{pantallas}")
            .map_err(a_texto)?;
        if !fin.nota.is_empty() {
            writeln!(salida, "{}", fin.nota).map_err(a_texto)?;
        }
    }
    Ok(())
}

/// Si hay quien pulse, que dé tiempo a decir qué va a pasar.
fn esperar_a_que_se_prediga(salida: &mut impl Write) -> io::Result<()> {
    let entrada = io::stdin();
    if entrada.is_terminal() {
        write!(salida, "\n(Intro para verlo) ")?;
        salida.flush()?;
        entrada.lines().next().transpose()?;
    }
    Ok(())
}

/// Las pantallas, como se leen en clase: lo que se repite, dos veces; y de cada una, el principio y el final.
fn resumidas(informe: &str) -> String {
    const PRIMERAS: usize = 9;
    const ULTIMAS: usize = 6;
    const COLUMNAS: usize = 130;
    let mut resumen = String::new();
    for pantalla in informe.split_inclusive("--- ").filter(|pantalla| *pantalla != "--- ") {
        let pantalla = pantalla.trim_end_matches("--- ").replacen(" (abierta)", "", 1);
        let pantalla = pantalla.replacen(" (terminada)", " (ha terminado)", 1);
        let mut lineas: Vec<String> = Vec::new();
        for linea in pantalla.lines() {
            let corta: String = linea.chars().take(COLUMNAS).collect();
            let corta = if corta == linea { corta } else { corta + "…" };
            if !lineas.ends_with(&[corta.clone(), corta.clone()]) {
                lineas.push(corta);
            }
        }
        let ultimas = lineas.len().saturating_sub(ULTIMAS).max(1 + PRIMERAS);
        resumen.push_str("--- ");
        for (i, linea) in lineas.iter().enumerate() {
            match i {
                _ if i <= PRIMERAS || i >= ultimas => resumen.extend([linea, "\n"]),
                i if i == ultimas - 1 => resumen.push_str("    …\n"),
                _ => {}
            }
        }
    }
    resumen
}

fn fin(nota: impl Into<String>, en_marcha: impl Any) -> Fin {
    Fin { nota: nota.into(), _en_marcha: Box::new(en_marcha) }
}

/// Espera un rato a que aparezca esto, que puede que no aparezca.
fn aparece(pantalla: &Pantalla, texto: &str) -> bool {
    pantalla.espera(Instant::now() + RATO, |vista| vista.texto.contains(texto))
}

fn a_y_b(escena: &Escena, direccion: SocketAddr) -> Resultado<[Programa; 2]> {
    Ok([escena.cliente("A", direccion)?, escena.cliente("B", direccion)?])
}

/// El servidor, con los dos dentro.
fn con_a_y_b(escena: &Escena) -> Resultado<(Servidor, Programa, Programa)> {
    let servidor = escena.servidor()?;
    let [a, b] = a_y_b(escena, servidor.direccion)?;
    servidor.puerto_del_cliente(1)?;
    Ok((servidor, a, b))
}

/// De lo que alguien dice sin parar, basta el final.
fn basta_el_final(pantallas: &[&Pantalla]) {
    const FINAL: usize = 2 * 1024;
    for pantalla in pantallas {
        pantalla.limita(FINAL);
    }
}

/// Envía más de lo que cabe en ningún sitio, y espera a que lo oiga entero quien oye. Si el servidor se para, lo que
/// no cabe se queda sin decir.
fn habla_sin_parar(mut charlatan: &TcpStream, oye: &Programa) -> Resultado {
    charlatan.set_write_timeout(Some(RATO))?;
    let linea = "bla, ".repeat(200) + "bla\n";
    let dicho = (0..20_000).try_for_each(|_| charlatan.write_all(linea.as_bytes()));
    if dicho.and_then(|()| charlatan.write_all(b"y ya\n")).is_ok() {
        let plazo = Instant::now() + 10 * RATO;
        oye.pantalla.espera(plazo, |vista| vista.texto.contains(": y ya\n"));
    }
    Ok(())
}

fn hablan_los_dos(escena: &Escena) -> Resultado<Fin> {
    let servidor = escena.servidor()?;
    let [mut a, mut b] = a_y_b(escena, servidor.direccion)?;
    // Si los atiende a los dos, que A no hable antes de que B esté.
    servidor.pantalla.espera(Instant::now() + RATO, |vista| vista.texto.lines().count() == 4);
    a.escribe("hola")?;
    aparece(&servidor.pantalla, "): hola\n");
    b.escribe("¿me oye alguien?")?;
    aparece(&a.pantalla, ": ¿me oye alguien?\n");
    let (de_a, de_b) = (a.pantalla.texto(), b.pantalla.texto());
    let si = |cumple| if cumple { "sí" } else { "no" };
    let contesta =
        |texto: &str, dicho| si(texto.lines().filter(|otra| *otra == dicho).count() == 2);
    let nota = format!(
        "¿El servidor devuelve lo suyo a A? {}. ¿Y a B? {}. ¿Se oyen uno a otro? {}.",
        contesta(&de_a, "hola"),
        contesta(&de_b, "¿me oye alguien?"),
        si(de_a.contains(": ¿me oye alguien?\n") && de_b.contains(": hola\n")),
    );
    Ok(fin(nota, (servidor, a, b)))
}

fn sale_uno(escena: &Escena) -> Resultado<Fin> {
    let (servidor, mut a, b) = con_a_y_b(escena)?;
    a.escribe("salir")?;
    let termina = a.acaba_antes_de(Instant::now() + RATO)?;
    aparece(&servidor.pantalla, "desconectado");
    let nota = if termina { "A ha terminado." } else { "A sigue en marcha." };
    Ok(fin(nota, (servidor, a, b)))
}

fn otro_servidor(escena: &Escena) -> Resultado<Fin> {
    let servidor = escena.servidor()?;
    let clientes = a_y_b(escena, servidor.direccion)?;
    let orden = escena.orden_servidor().con(servidor.direccion);
    let otro = escena.arranca("otro servidor", &orden)?;
    otro.pantalla.espera(Instant::now() + 5 * RATO, |vista| vista.terminada);
    Ok(fin("", (servidor, clientes, otro)))
}

fn no_caben(escena: &Escena) -> Resultado<Fin> {
    let servidor = escena.servidor_con(&escena.orden_servidor().con_descriptores(14))?;
    let [mut a, b] = a_y_b(escena, servidor.direccion)?;
    servidor.puerto_del_cliente(1)?;
    // A un servidor que no lo tiene previsto le puede salir bien, según qué hilo vaya antes: se insiste.
    let mut otros = Vec::new();
    for _ in 0..20 {
        otros.extend((0..12).map_while(|_| TcpStream::connect(servidor.direccion).ok()));
        let se_nota = servidor.pantalla.espera(Instant::now() + RATO / 10, |vista| {
            vista.terminada || vista.texto.contains("aviso: ")
        });
        if se_nota {
            break;
        }
    }
    a.escribe("¿sigues ahí?")?;
    aparece(&b.pantalla, ": ¿sigues ahí?\n");
    Ok(fin("", (servidor, a, b, otros)))
}

fn desaparece(escena: &Escena) -> Resultado<Fin> {
    let (mut servidor, mut a, mut b) = con_a_y_b(escena)?;
    servidor.matar();
    let plazo = Instant::now() + RATO;
    let terminan = [a.acaba_antes_de(plazo)?, b.acaba_antes_de(plazo)?];
    let nota = if terminan == [true; 2] {
        "Los dos han terminado."
    } else {
        "Siguen esperando al teclado, como si nada."
    };
    Ok(fin(nota, (servidor, a, b)))
}

fn manda_en_otro(escena: &Escena) -> Resultado<Fin> {
    let (servidor, mut a, b) = con_a_y_b(escena)?;
    a.escribe("\x1b[2Jadiós, pantalla")?;
    a.escribe("")?;
    a.escribe("fin")?;
    aparece(&b.pantalla, ": fin\n");
    let llega = b.pantalla.bytes().contains(&0x1b);
    let nota = if llega {
        "A B le ha llegado la orden de verdad (aquí se enseña escrita): su terminal se habría borrado."
    } else {
        "A B le llega la orden escrita: se lee, y no borra nada."
    };
    Ok(fin(nota, (servidor, a, b)))
}

fn linea_larga(escena: &Escena) -> Resultado<Fin> {
    let (servidor, mut a, b) = con_a_y_b(escena)?;
    a.escribe(&"x".repeat(3000))?;
    a.escribe("fin")?;
    aparece(&b.pantalla, ": fin\n");
    let texto = b.pantalla.texto();
    let mensajes: Vec<usize> = texto
        .lines()
        .filter_map(|linea| Some(linea.split_once(": ")?.1.matches('x').count()))
        .filter(|letras| *letras > 0)
        .collect();
    let mayor = mensajes.iter().max().copied().unwrap_or_default();
    let nota =
        format!("Mensajes que le llegan a B: {}; el mayor tiene {mayor} letras.", mensajes.len());
    Ok(fin(nota, (servidor, a, b)))
}

fn sin_fin_de_linea(escena: &Escena) -> Resultado<Fin> {
    let servidor = escena.servidor()?;
    let clientes = a_y_b(escena, servidor.direccion)?;
    servidor.puerto_del_cliente(1)?;
    let otro = servidor.conecta()?;
    servidor.puerto_del_cliente(2)?;
    (&otro).write_all(b"hola")?;
    for cliente in &clientes {
        aparece(&cliente.pantalla, ": hola");
    }
    Ok(fin("", (servidor, clientes, otro)))
}

fn cuantos_hilos(escena: &Escena) -> Resultado<Fin> {
    let (servidor, mut a, mut b) = con_a_y_b(escena)?;
    a.escribe("hola")?;
    aparece(&b.pantalla, ": hola\n");
    b.escribe("¿qué tal?")?;
    aparece(&a.pantalla, ": ¿qué tal?\n");
    let nota = match gasto(&servidor) {
        Some(gasto) => format!("El servidor tiene {} hilos.", gasto.hilos),
        None => "(Los hilos solo se pueden contar en Linux.)".into(),
    };
    Ok(fin(nota, (servidor, a, b)))
}

fn cuanto_trabaja(escena: &Escena) -> Resultado<Fin> {
    const LINEAS: usize = 50_000;
    let servidor = escena.servidor()?;
    let clientes = a_y_b(escena, servidor.direccion)?;
    let otros = (0..10).map(|_| servidor.conecta()).collect::<Resultado<Vec<_>>>()?;
    let autor = servidor.conecta()?;
    servidor.puerto_del_cliente(12)?;
    basta_el_final(&[&servidor.pantalla, &clientes[0].pantalla, &clientes[1].pantalla]);
    let oyentes: Vec<_> = otros
        .into_iter()
        .map(|mut otro| thread::spawn(move || io::copy(&mut otro, &mut io::sink())))
        .collect();
    let empieza = Instant::now();
    (&autor).write_all("una línea como otra cualquiera\n".repeat(LINEAS).as_bytes())?;
    (&autor).write_all(b"fin\n")?;
    for cliente in &clientes {
        let plazo = Instant::now() + Duration::from_secs(60);
        cliente.pantalla.espera(plazo, |vista| vista.texto.ends_with(": fin\n"));
    }
    let tarda = empieza.elapsed();
    let procesador = gasto(&servidor).and_then(|gasto| gasto.cpu);
    let nota = match procesador {
        Some(procesador) => format!("Ha trabajado {procesador:.1?}, y tardado {tarda:.1?}."),
        None => format!("Ha tardado {tarda:.1?}."),
    };
    Ok(fin(nota, (servidor, clientes, autor, oyentes)))
}

fn uno_no_lee(escena: &Escena) -> Resultado<Fin> {
    let servidor = escena.servidor()?;
    let [mut a, mut b] = a_y_b(escena, servidor.direccion)?;
    let c = escena.cliente("C", servidor.direccion)?;
    servidor.puerto_del_cliente(2)?;
    basta_el_final(&[&servidor.pantalla, &a.pantalla, &c.pantalla]);
    if !b.parado(true) {
        b.congela_pantalla()?;
    }
    let charlatan = servidor.conecta()?;
    habla_sin_parar(&charlatan, &a)?;
    a.escribe("¿me oye C?")?;
    let plazo = Instant::now() + 2 * RATO;
    let oye = c.pantalla.espera(plazo, |vista| vista.texto.contains(": ¿me oye C?\n"));
    // Y B, si vuelve: ¿sigue en el chat?
    let (vuelve, echado) = (b.parado(false), b.acaba_antes_de(Instant::now() + 2 * RATO)?);
    let nota = match (oye, vuelve && echado) {
        (true, true) => "C lo ha leído. A B, que vuelve a leer, el servidor ya lo ha echado.",
        (true, false) => "C lo ha leído.",
        (false, _) => "C no lo ha leído: el servidor espera a B.",
    };
    Ok(fin(nota, (servidor, a, b, c)))
}

fn cien_lentos(escena: &Escena) -> Resultado<Fin> {
    /// Lo que le cabe a cada socket: poco, para que haga falta guardar.
    const SITIO: usize = 4096;
    let servidor = escena.servidor()?;
    let clientes = a_y_b(escena, servidor.direccion)?;
    let lentos = (0..100).map(|_| conecta_con_sitio_para(SITIO, servidor.direccion));
    let lentos = lentos.collect::<Resultado<Vec<TcpStream>>>()?;
    let autores = (0..10).map(|_| servidor.conecta()).collect::<Resultado<Vec<_>>>()?;
    servidor.puerto_del_cliente(111)?;
    basta_el_final(&[&servidor.pantalla, &clientes[0].pantalla, &clientes[1].pantalla]);
    for autor in &autores {
        autor.set_write_timeout(Some(RATO))?;
        let (mut habla, mut oye) = (autor.try_clone()?, autor.try_clone()?);
        let lineas = "x".repeat(189) + "\n";
        thread::spawn(move || while habla.write_all(lineas.as_bytes()).is_ok() {});
        thread::spawn(move || io::copy(&mut oye, &mut io::sink()));
    }
    for lento in &lentos {
        lento.set_nonblocking(true)?;
    }
    let acaba = Instant::now() + RATO;
    let mut peor = None;
    while Instant::now() < acaba {
        for mut lento in &lentos {
            let _ = lento.read(&mut [0; 1024]);
        }
        peor = peor.max(gasto(&servidor).map(|gasto| gasto.memoria_kib));
        thread::sleep(Duration::from_millis(50));
    }
    for autor in &autores {
        let _ = autor.shutdown(std::net::Shutdown::Both);
    }
    let nota = match peor {
        Some(kib) => format!("El servidor ha llegado a ocupar {} MiB.", kib / 1024),
        None => "(La memoria solo se puede medir en Linux.)".into(),
    };
    Ok(fin(nota, (servidor, clientes, lentos, autores)))
}

fn pantalla_congelada(escena: &Escena) -> Resultado<Fin> {
    let (mut servidor, mut a, b) = con_a_y_b(escena)?;
    let otro = servidor.conecta()?;
    servidor.puerto_del_cliente(2)?;
    basta_el_final(&[&a.pantalla, &b.pantalla]);
    servidor.congela_pantalla()?;
    habla_sin_parar(&otro, &a)?;
    a.escribe("¿me oye B?")?;
    let oye = b
        .pantalla
        .espera(Instant::now() + 2 * RATO, |vista| vista.texto.contains(": ¿me oye B?\n"));
    let nota = if oye { "B lo ha leído." } else { "B no lo ha leído." };
    Ok(fin(nota, (servidor, a, b, otro)))
}

/// Lo que gasta el servidor, donde se puede saber.
fn gasto(servidor: &Servidor) -> Option<Consumo> {
    servidor.pid().and_then(Consumo::de)
}
