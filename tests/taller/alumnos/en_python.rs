//! Los cuatro primeros pasos, escritos en Python: el taller no sabe de lenguajes.

use std::fs;

use libtest_mimic::{Failed, Trial};
use pruebas::programa::Orden;
use taller::Paso;
use taller::comprobar::Programas;

use crate::{Carpeta, examina, hay};

/// El primer argumento dice de qué paso es: lo que cambia de uno al siguiente son unas líneas.
const SERVIDOR: &str = r#"
import socket, sys, threading

PASO = int(sys.argv[1])
IP, PUERTO = sys.argv[2].split(":") if len(sys.argv) > 2 else ("127.0.0.1", "12345")
clientes = []
cerrojo = threading.Lock()

# print escribe el texto y el fin de línea por separado: entre los dos puede colarse otro hilo.
def mostrar(linea):
    print(linea + "\n", end="")

def repartir(mensaje, autor):
    with cerrojo:
        for otro in clientes:
            if otro is not autor:
                try:
                    otro.sendall(mensaje.encode())
                except OSError:
                    pass

def atender(conexion, ip, puerto):
    lector = conexion.makefile("r", encoding="utf-8", errors="replace", newline="\n")
    if PASO >= 4:
        try:
            conexion.sendall("bienvenido al chat! escribe 'salir' para salir\n".encode())
        except OSError:
            return
    with cerrojo:
        clientes.append(conexion)
    mostrar(f"nuevo cliente conectado: ('{ip}', {puerto})")
    try:
        for linea in lector:
            linea = linea.rstrip("\r\n")
            if PASO >= 4 and linea.strip().lower() == "salir":
                break
            mostrar(f"cliente ('{ip}', {puerto}): {linea}")
            if PASO >= 3:
                repartir(f"usuario {puerto}: {linea}\n", conexion)
            else:
                conexion.sendall(f"{linea}\n".encode())
    except OSError:
        pass
    if PASO < 3 or PASO >= 4:
        with cerrojo:
            clientes.remove(conexion)
        lector.close()
        try:
            conexion.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        conexion.close()
    if PASO >= 4:
        mostrar(f"cliente ('{ip}', {puerto}) desconectado")

servidor = socket.create_server((IP, int(PUERTO)), backlog=128)
print(f"servidor de chat iniciado en {IP}:{PUERTO}")
print("esperando clientes...")
while True:
    conexion, (ip, puerto) = servidor.accept()
    if PASO == 1:
        atender(conexion, ip, puerto)
    else:
        threading.Thread(target=atender, args=(conexion, ip, puerto), daemon=True).start()
"#;

const CLIENTE: &str = r#"
import socket, sys, threading

PASO = int(sys.argv[1])
IP, PUERTO = sys.argv[2].split(":") if len(sys.argv) > 2 else ("127.0.0.1", "12345")
conexion = socket.create_connection((IP, int(PUERTO)))
print("conectado al servidor de chat!")
print("escribe tus mensajes:")
lector = conexion.makefile("r", encoding="utf-8", errors="replace", newline="\n")

def recibir():
    try:
        for linea in lector:
            print(linea, end="")
    except OSError:
        pass

if PASO >= 3:
    hilo = threading.Thread(target=recibir, daemon=True)
    hilo.start()
for linea in sys.stdin:
    if PASO >= 4 and linea.strip().lower() == "salir":
        break
    conexion.sendall((linea.rstrip("\n") + "\n").encode())
    if PASO < 3:
        print(lector.readline(), end="")
if PASO >= 4:
    try:
        conexion.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    hilo.join()
"#;

/// Ninguna, si aquí no hay Python.
pub(crate) fn pruebas() -> Vec<Trial> {
    let Some(python) = ["python3", "python"].into_iter().find(|nombre| hay(nombre)) else {
        eprintln!("aviso: sin Python no se prueba el taller con él");
        return Vec::new();
    };
    let una = |columna: usize| {
        let paso = Paso::en(columna);
        let nombre = format!("en_python::{}", paso.nombre());
        Trial::test(nombre, move || en_python(python, &paso)).with_ignored_flag(true)
    };
    (0..4).map(una).collect()
}

/// La versión de un paso lo cumple, y no el siguiente.
fn en_python(python: &str, paso: &Paso) -> Result<(), Failed> {
    let carpeta = Carpeta::new(&format!("python-{}", paso.nombre()));
    fs::create_dir_all(&carpeta.0)?;
    fs::write(carpeta.0.join("servidor.py"), SERVIDOR)?;
    fs::write(carpeta.0.join("cliente.py"), CLIENTE)?;
    let orden = |programa: &str| {
        let linea = format!("{python} {programa}.py {} DIRECCION", paso.columna + 1);
        Orden::de_linea(&linea, &carpeta.0).ok_or("la orden está vacía")
    };
    let programas = Programas::ajenos(orden("servidor")?, orden("cliente")?);
    examina(&programas, paso, &[])?;
    let siguiente = Paso::en(paso.columna + 1);
    let faltan: Vec<_> = siguiente.gana().map(|uno| uno.nombre).collect();
    examina(&programas, &siguiente, &faltan)
}
