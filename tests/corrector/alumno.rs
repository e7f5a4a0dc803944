//! Los programas de un alumno inventado, con un fallo a elegir: con ellos se prueba el corrector.
//!
//! `alumno servidor FALLO DIRECCIÓN` o `alumno cliente FALLO DIRECCIÓN`; con `nada`, están bien.

use std::env;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

type Clientes = Arc<Mutex<Vec<(SocketAddr, TcpStream)>>>;

fn main() -> io::Result<()> {
    let argumentos: Vec<String> = env::args().skip(1).collect();
    let [programa, fallo, direccion] = argumentos.as_slice() else {
        eprintln!("uso: alumno servidor|cliente FALLO DIRECCIÓN");
        process::exit(2);
    };
    match programa.as_str() {
        "servidor" => servidor(fallo, direccion),
        _ => cliente(fallo, direccion),
    }
}

fn servidor(fallo: &str, direccion: &str) -> io::Result<()> {
    if fallo == "no_arranca" {
        return Ok(());
    }
    let servidor = TcpListener::bind(direccion)?;
    let clientes: Clientes = Arc::default();
    if fallo == "inunda_su_pantalla" {
        thread::spawn(|| {
            let mut salida = io::stdout().lock();
            while salida.write_all(&[b'x'; 4096]).is_ok() {}
        });
    }
    for numero in 1.. {
        let (conexion, direccion) = servidor.accept()?;
        if fallo == "nombre_en_accept" {
            leer_nombre(&conexion)?;
        }
        if fallo == "cae_con_el_cuarto" && numero == 4 {
            process::exit(1);
        }
        let (clientes, suyo) = (Arc::clone(&clientes), fallo.to_owned());
        let hilo = thread::spawn(move || {
            let _ = atender(&suyo, conexion, direccion, &clientes);
        });
        if fallo == "de_uno_en_uno" {
            let _ = hilo.join();
        }
        if fallo == "no_escucha_mas" {
            break;
        }
        if fallo == "solo_dos" && numero == 2 {
            // Sigue escuchando, y no acepta a nadie más.
            nada_mas();
        }
    }
    drop(servidor);
    nada_mas()
}

fn nada_mas() -> ! {
    loop {
        thread::park();
    }
}

/// Una lectura, que se da por un nombre.
fn leer_nombre(mut conexion: &TcpStream) -> io::Result<()> {
    (&mut conexion).write_all("¿tu nombre? ".as_bytes())?;
    conexion.read(&mut [0; 1024]).map(drop)
}

fn atender(
    fallo: &str,
    mut conexion: TcpStream,
    direccion: SocketAddr,
    clientes: &Clientes,
) -> io::Result<()> {
    if fallo == "nombre_en_su_hilo" {
        leer_nombre(&conexion)?;
    }
    let todos = || clientes.lock().unwrap_or_else(PoisonError::into_inner);
    todos().push((direccion, conexion.try_clone()?));
    let mut bytes = [0; 1024];
    loop {
        let leidos = match conexion.read(&mut bytes) {
            Ok(0) if fallo == "inunda_al_salir" => 0,
            Ok(0) if fallo == "se_para_al_salir" => {
                let _cerrado = todos();
                loop {
                    thread::park();
                }
            }
            Ok(0) => break,
            Ok(leidos) if fallo == "solo_ascii" && !bytes[..leidos].is_ascii() => break,
            Ok(leidos) => leidos,
            Err(_) if fallo == "cae_con_un_corte" => process::exit(1),
            Err(_) => break,
        };
        if fallo == "calla" {
            continue;
        }
        let mut texto = String::from_utf8_lossy(&bytes[..leidos]).into_owned();
        if fallo == "pierde_acentos" {
            texto = texto.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
        }
        for (otra, cliente) in todos().iter_mut() {
            let autor = *otra == direccion;
            let le_toca = match fallo {
                "solo_eco" => autor,
                "tambien_al_autor" => true,
                _ => !autor,
            };
            if le_toca {
                let _ =
                    cliente.write_all(format!("usuario {}: {texto}", direccion.port()).as_bytes());
            }
        }
    }
    if fallo != "no_olvida" {
        todos().retain(|(otra, _)| *otra != direccion);
    }
    Ok(())
}

fn cliente(fallo: &str, direccion: &str) -> io::Result<()> {
    if fallo == "no_conecta" {
        return Ok(());
    }
    let pregunta = || {
        print!("¿Cómo te llamas? ");
        io::stdout().flush()?;
        io::stdin().read_line(&mut String::new()).map(drop)
    };
    if fallo == "nombre_antes" {
        pregunta()?;
    }
    let conexion = TcpStream::connect(direccion)?;
    if fallo == "nombre_despues" {
        pregunta()?;
    }
    let mut lector = BufReader::new(conexion.try_clone()?);
    let espera_al_teclado = fallo == "espera_al_teclado";
    let guarda_su_salida = fallo == "guarda_su_salida"
        || fallo == "necesita_un_terminal" && !io::stdout().is_terminal();
    if fallo == "otra_palabra" {
        println!("escribe EXIT para irte");
    }
    let (sin_acentos, sordo) = (fallo == "pierde_acentos", fallo == "no_muestra");
    let solo_ascii = fallo == "solo_ascii";
    let mut hilo = None;
    if !espera_al_teclado {
        let conexion = conexion.try_clone()?;
        hilo = Some(thread::spawn(move || {
            let mut guardado = String::new();
            for linea in BufReader::new(conexion).lines().map_while(Result::ok) {
                if solo_ascii && !linea.is_ascii() {
                    process::exit(1);
                } else if guarda_su_salida {
                    guardado += &(linea + "\n");
                } else if !sordo {
                    println!("{linea}");
                }
            }
            print!("{guardado}");
        }));
    }
    for linea in io::stdin().lines() {
        let mut linea = linea?;
        if linea == if fallo == "otra_palabra" { "EXIT" } else { "salir" } {
            break;
        }
        if sin_acentos {
            linea = linea.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
        }
        if fallo != "no_envia" {
            (&conexion).write_all(format!("{linea}\n").as_bytes())?;
        }
        if espera_al_teclado {
            let mut respuesta = String::new();
            lector.read_line(&mut respuesta)?;
            print!("{respuesta}");
        }
    }
    if fallo == "espera_al_salir" {
        // Como quien se queda en recv: cualquier cosa que llegue lo despierta.
        return lector.read_line(&mut String::new()).map(drop);
    }
    if fallo == "no_cierra" {
        thread::sleep(Duration::from_secs(3600));
    }
    conexion.shutdown(Shutdown::Both)?;
    if let Some(hilo) = hilo {
        let _ = hilo.join();
    }
    Ok(())
}
