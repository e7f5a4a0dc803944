//! Una clase de treinta, como la da el aula virtual: en Python, Java, Node y Rust, con carpetas, zips y
//! fallos mezclados. Todas usan 127.0.0.1:12345, como pide el enunciado.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use corrector::clase::{entregas, raiz};
use corrector::documento::{Documento, parecidas};
use libtest_mimic::Failed;
use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::corregir;

const SERVIDOR_PY: &str = r#"
import os, socket, sys, threading, time
FALLO = "nada"
IP, PUERTO = "127.0.0.1", 12345
if FALLO == "argumentos":
    PUERTO = int(sys.argv[2])
if FALLO == "solo_el_puerto":
    # Como atoi, que de «127.0.0.1» lee 127.
    PUERTO = int(sys.argv[1].split(".")[0])
if FALLO == "pregunta":
    IP = input("Dirección en la que escucho: ")
    PUERTO = int(input("Puerto: "))
if FALLO == "ip_fija":
    IP = "192.168.1.50"
if FALLO == "desde_arriba":
    open("servidor/registro.txt").close()
if FALLO == "otro_puerto":
    PUERTO = 5000
clientes = {}
cerrojo = threading.Lock()

def leer(conexion):
    if FALLO == "por_lineas":
        texto = ""
        while not texto.endswith("\n"):
            letra = conexion.recv(1).decode("latin-1")
            if not letra:
                return ""
            texto += letra
        return texto
    if FALLO.startswith("propio"):
        largo = conexion.recv(4, socket.MSG_WAITALL)
        return conexion.recv(int.from_bytes(largo, "big"), socket.MSG_WAITALL).decode()
    return conexion.recv(1024).decode("ascii" if FALLO == "solo_ascii" else "utf-8")

def escribir(conexion, texto):
    datos = texto.encode()
    if FALLO.startswith("propio"):
        datos = len(datos).to_bytes(4, "big") + datos
    conexion.sendall(datos)

def repartir(autor, texto):
    with cerrojo:
        for otro in list(clientes):
            if otro is not autor or FALLO in ("tambien_al_autor", "propio_eco"):
                try:
                    escribir(otro, texto)
                    if FALLO == "repite":
                        escribir(otro, texto)
                except OSError:
                    if FALLO == "no_quita":
                        raise

def atender(conexion, nombre):
    if FALLO == "nombre_en_su_hilo":
        nombre = leer(conexion).strip()
    clientes[conexion] = nombre
    try:
        while True:
            texto = leer(conexion)
            if not texto and FALLO == "inunda_al_salir":
                repartir(conexion, f"{nombre}: ")
                continue
            if not texto or texto.strip() == "salir":
                break
            print(nombre, texto.strip())
            if FALLO != "calla":
                repartir(conexion, f"{nombre}: {texto}")
    except (OSError, ValueError):
        if FALLO == "cae_con_un_corte":
            os._exit(1)
    if FALLO in ("no_olvida", "no_quita"):
        return
    del clientes[conexion]
    conexion.close()

servidor = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
servidor.bind((IP, PUERTO))
servidor.listen(1 if FALLO == "solo_dos" else 20)
print("escuchando")
cuantos, antes, repetidas = 0, 0, []
while True:
    conexion, direccion = servidor.accept()
    ahora = time.time_ns() // 20_000_000
    if FALLO == "por_instante" and ahora == antes:
        repetidas.append(conexion)
        continue
    antes = ahora
    cuantos += 1
    nombre = f"usuario {direccion[1]}"
    if FALLO == "nombre_en_accept":
        conexion.sendall("¿nombre? ".encode())
        nombre = conexion.recv(1024).decode().strip()
    if FALLO == "de_uno_en_uno":
        atender(conexion, nombre)
        continue
    threading.Thread(target=atender, args=(conexion, nombre), daemon=True).start()
    if FALLO == "no_escucha_mas":
        servidor.close()
        threading.Event().wait()
    if FALLO == "solo_dos" and cuantos == 2:
        threading.Event().wait()
"#;

const CLIENTE_PY: &str = r#"
import socket, sys, threading
FALLO = "nada"
DIRECCION = ("127.0.0.1", 12345)
if FALLO == "biblioteca":
    import una_biblioteca_que_no_hay
if FALLO == "argumentos":
    if len(sys.argv) != 3:
        sys.exit("uso: cliente.py IP PUERTO")
    DIRECCION = (sys.argv[1], int(sys.argv[2]))
if FALLO == "pregunta":
    DIRECCION = (input("Dirección del servidor: "), int(input("Puerto: ")))
    if input("¿Seguro? (s/n) ") != "s":
        sys.exit()
if FALLO == "otro_puerto":
    DIRECCION = ("127.0.0.1", 5000)
if FALLO == "ip_fija":
    DIRECCION = ("192.168.1.50", 12345)
nombre = ""
if FALLO == "nombre_antes":
    nombre = input("Enter your name: ")
    if not nombre:
        sys.exit(1)
conexion = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
conexion.connect(DIRECCION)
if FALLO == "nombre_despues":
    nombre = input("¿Cómo te llamas? ")
    conexion.sendall((nombre + "\n").encode())

def recibir():
    while True:
        try:
            if FALLO.startswith("propio"):
                largo = conexion.recv(4, socket.MSG_WAITALL)
                if len(largo) < 4 or int.from_bytes(largo, "big") > 100000:
                    break
                datos = conexion.recv(int.from_bytes(largo, "big"), socket.MSG_WAITALL)
            else:
                datos = conexion.recv(1024)
        except OSError:
            break
        if not datos:
            break
        print(datos.decode("ascii" if FALLO == "solo_ascii" else "utf-8").strip())

def enviar(texto):
    datos = texto.encode()
    if FALLO.startswith("propio"):
        datos = len(datos).to_bytes(4, "big") + datos
    elif FALLO != "sin_fin_de_linea":
        datos += b"\n"
    if FALLO == "propio_y_lo_repite":
        print("Tú:", texto)
    conexion.sendall(datos)

hilo = threading.Thread(target=recibir, daemon=True)
if FALLO != "espera_al_teclado":
    hilo.start()
salida = "exit" if FALLO == "otra_palabra" else "salir"
print(f"Escribe {salida} para terminar")
while True:
    try:
        texto = input()
    except EOFError:
        break
    if texto == salida:
        break
    if FALLO != "no_envia":
        enviar(texto)
    if FALLO in ("espera_al_teclado", "dos_lectores"):
        print(conexion.recv(1024).decode())
if FALLO == "espera_al_salir":
    hilo.join()
try:
    conexion.shutdown(socket.SHUT_RDWR)
except OSError:
    pass
conexion.close()
"#;

const SERVIDOR_JAVA: &str = r#"
import java.io.*;
import java.net.*;
import java.util.*;

public class Servidor {
    static final List<ManejadorCliente> clientes = Collections.synchronizedList(new ArrayList<>());

    public static void main(String[] args) throws IOException {
        ServerSocket servidor = new ServerSocket(12345, 50, InetAddress.getByName("127.0.0.1"));
        while (true) {
            ManejadorCliente cliente = new ManejadorCliente(servidor.accept());
            clientes.add(cliente);
            cliente.start();
        }
    }
}
"#;

const MANEJADOR_JAVA: &str = r#"
import java.io.*;
import java.net.*;
import java.nio.charset.StandardCharsets;

class ManejadorCliente extends Thread {
    private final Socket socket;
    private final PrintWriter salida;

    ManejadorCliente(Socket socket) throws IOException {
        this.socket = socket;
        salida = new PrintWriter(new OutputStreamWriter(socket.getOutputStream(), StandardCharsets.UTF_8), true);
    }

    public void run() {
        try (BufferedReader entrada =
                new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
            String linea;
            while ((linea = entrada.readLine()) != null) {
                synchronized (Servidor.clientes) {
                    for (ManejadorCliente otro : Servidor.clientes) {
                        if (otro != this) {
                            otro.salida.println("usuario " + socket.getPort() + ": " + linea);
                        }
                    }
                }
            }
        } catch (IOException error) {
            // Se ha ido.
        } finally {
            Servidor.clientes.remove(this);
            try { socket.close(); } catch (IOException error) { }
        }
    }
}
"#;

const CLIENTE_JS: &str = r#"
const net = require("net");
const readline = require("readline");
const socket = net.createConnection({ host: "127.0.0.1", port: 12345 });
const teclado = readline.createInterface({ input: process.stdin, output: process.stdout });
socket.on("data", (datos) => {
  process.stdout.clearLine(0);
  process.stdout.cursorTo(0);
  process.stdout.write(datos.toString());
});
socket.on("close", () => process.exit(0));
teclado.on("line", (linea) => {
  if (linea === "salir") {
    socket.end();
    teclado.close();
  } else {
    socket.write(linea + "\n");
  }
});
"#;

/// Con un protocolo suyo: lo que no lo es hace caer al servidor.
const SERVIDOR_DE_JSON: &str = r#"
const net = require("net");
const readline = require("readline");
const clientes = new Set();
net.createServer((socket) => {
  clientes.add(socket);
  socket.on("close", () => clientes.delete(socket));
  const lineas = readline.createInterface({ input: socket });
  // Un corte lo cuentan los dos: al que nadie escucha, Node termina.
  for (const uno of [socket, lineas]) uno.on("error", () => {});
  lineas.on("line", (linea) => {
    const { texto } = JSON.parse(linea);
    for (const otro of clientes) {
      if (otro !== socket) otro.write(JSON.stringify({ de: socket.remotePort, texto }) + "\n");
    }
  });
}).listen(12345, "127.0.0.1");
"#;

const CLIENTE_DE_JSON: &str = r#"
const net = require("net");
const readline = require("readline");
const socket = net.createConnection({ host: "127.0.0.1", port: 12345 });
readline.createInterface({ input: socket }).on("line", (linea) => {
  const { de, texto } = JSON.parse(linea);
  console.log(`${de}: ${texto}`);
});
socket.on("close", () => process.exit(0));
readline.createInterface({ input: process.stdin }).on("line", (texto) => {
  if (texto === "salir") socket.end();
  else socket.write(JSON.stringify({ texto }) + "\n");
});
"#;

/// Una entrega: quién, qué ficheros, cómo se entregan, y las filas que le tocan.
struct Caso {
    nombre: String,
    ficheros: Vec<(String, String)>,
    forma: Forma,
    filas: Filas,
}

#[derive(Clone, Copy)]
enum Forma {
    Carpeta,
    Zip,
    Suelta,
}

fn con_fallo(codigo: &str, fallo: &str) -> String {
    codigo.replace("FALLO = \"nada\"", &format!("FALLO = \"{fallo}\""))
}

/// Las dos clases en el mismo, y la que no se pone en marcha, delante.
fn en_un_fichero() -> String {
    let sin_importar: Vec<&str> =
        SERVIDOR_JAVA.lines().filter(|linea| !linea.starts_with("import ")).collect();
    format!("import java.util.*;\n{MANEJADOR_JAVA}\n{}", sin_importar.join("\n"))
}

/// El fallo de cada programa de una pareja en Python, y las filas que les tocan.
const EN_PYTHON: &[(&str, &str, u64, u64)] = &[
    ("nombre_en_accept", "nombre_antes", 100, 100),
    ("nombre_en_su_hilo", "nombre_despues", 100, 100),
    ("nombre_en_su_hilo", "nada", 75, 100),
    ("de_uno_en_uno", "espera_al_teclado", 25, 25),
    ("no_escucha_mas", "no_envia", 25, 50),
    ("solo_dos", "otra_palabra", 50, 75),
    ("calla", "espera_al_salir", 0, 75),
    ("tambien_al_autor", "nada", 75, 100),
    ("cae_con_un_corte", "nada", 75, 100),
    ("no_olvida", "nada", 75, 100),
    ("inunda_al_salir", "nada", 50, 100),
    ("solo_ascii", "solo_ascii", 75, 75),
    ("argumentos", "argumentos", 100, 100),
    ("pregunta", "pregunta", 100, 100),
    ("otro_puerto", "otro_puerto", 75, 75),
    ("ip_fija", "ip_fija", 75, 75),
    ("no_quita", "nada", 50, 100),
    ("repite", "nada", 75, 100),
    ("por_lineas", "sin_fin_de_linea", 75, 75),
    ("propio_eco", "propio", 75, 100),
    ("propio", "propio_y_lo_repite", 100, 100),
    ("solo_el_puerto", "dos_lectores", 100, 50),
    ("por_instante", "nada", 100, 100),
];

/// La del servidor y la del cliente; ninguna, si no se puede juzgar.
type Filas = (Option<u64>, Option<u64>);

/// Un nombre, y lo que dice.
type Fichero = (&'static str, &'static str);

/// Los ficheros de otras entregas, tal cual, y sus filas.
const TAL_CUAL: &[(&[Fichero], Forma, Filas)] = &[
    (&[("trabajo.docx", "no es un programa")], Forma::Carpeta, (None, None)),
    (
        &[
            ("chat/Servidor.java", SERVIDOR_JAVA),
            ("chat/ManejadorCliente.java", MANEJADOR_JAVA),
            ("cliente.js", CLIENTE_JS),
        ],
        Forma::Zip,
        (Some(100), Some(100)),
    ),
    (
        &[("servidor.js", SERVIDOR_DE_JSON), ("cliente.js", CLIENTE_DE_JSON)],
        Forma::Zip,
        (Some(100), Some(100)),
    ),
];

fn casos() -> Vec<Caso> {
    use Forma::{Carpeta, Suelta, Zip};
    let en_python = |servidor: &str, cliente: &str| {
        vec![
            ("servidor.py".to_owned(), con_fallo(SERVIDOR_PY, servidor)),
            ("cliente.py".to_owned(), con_fallo(CLIENTE_PY, cliente)),
        ]
    };
    let renombrada = |mut ficheros: Vec<(String, String)>, servidor: &str, cliente: &str| {
        servidor.clone_into(&mut ficheros[0].0);
        cliente.clone_into(&mut ficheros[1].0);
        ficheros
    };
    let pasos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../steps/04-salir-and-cleanup/src");
    let rust = |nombre: &str| fs::read_to_string(pasos.join(nombre)).unwrap_or_default();
    let nada = || en_python("nada", "nada");
    let mut con_uno_viejo = nada();
    con_uno_viejo.push(("servidor_viejo.py".into(), con_fallo(SERVIDOR_PY, "calla")));
    // Ni con el corrector ni con su pareja: no se sabe.
    let mut de_json = en_python("propio", "nada");
    de_json[0].1.insert_str(0, "import json");
    // Quien lo hace está en otro fichero, que solo no hace nada.
    let mut en_modulos = nada();
    let dentro = SERVIDOR_PY.replace('\n', "\n    ");
    en_modulos[0].1 = "import modulos.red\n".into();
    let red = format!("if __name__ != '__main__':{dentro}");
    en_modulos.push(("modulos/red.py".into(), red));
    let mut lista = vec![
        (en_modulos, Zip, Some(100), Some(100)),
        (nada(), Carpeta, Some(100), Some(100)),
        (nada(), Zip, Some(100), Some(100)),
        (nada(), Suelta, Some(100), Some(100)),
        (renombrada(nada(), "Servidor.py", "Cliente.py"), Carpeta, Some(100), Some(100)),
        (renombrada(nada(), "server.py", "client.py"), Zip, Some(100), Some(100)),
        (
            renombrada(nada(), "src/servidor_chat.py", "src/cliente_chat.py"),
            Zip,
            Some(100),
            Some(100),
        ),
        (renombrada(nada(), "uno.py", "otro.py"), Carpeta, Some(100), Some(100)),
        (en_python("nada", "biblioteca"), Zip, Some(100), None),
        (
            vec![
                ("Servidor.java".into(), en_un_fichero()),
                ("cliente.js".into(), CLIENTE_JS.into()),
            ],
            Carpeta,
            Some(100),
            Some(100),
        ),
        (
            vec![("Servidor.java".into(), SERVIDOR_JAVA.replace("IOException {", "{"))],
            Zip,
            None,
            None,
        ),
        (nada()[..1].to_vec(), Carpeta, Some(100), None),
        (nada()[1..].to_vec(), Zip, None, Some(100)),
        (
            vec![
                ("servidor.rs".into(), rust("servidor.rs")),
                ("cliente.rs".into(), rust("cliente.rs")),
            ],
            Carpeta,
            Some(100),
            Some(100),
        ),
        (en_python("propio", "propio"), Carpeta, Some(100), Some(100)),
        (con_uno_viejo, Zip, Some(100), Some(100)),
        (
            [
                renombrada(
                    en_python("desde_arriba", "nada"),
                    "servidor/chat.py",
                    "cliente/chat.py",
                ),
                vec![("servidor/registro.txt".into(), String::new())],
            ]
            .concat(),
            Zip,
            Some(100),
            Some(100),
        ),
        (en_python("nada", "otro_puerto")[1..].to_vec(), Zip, None, Some(75)),
        (de_json, Carpeta, None, Some(100)),
    ];
    for &(ficheros, forma, (servidor, cliente)) in TAL_CUAL {
        let ficheros = ficheros.iter().map(|&(nombre, texto)| (nombre.into(), texto.into()));
        lista.push((ficheros.collect(), forma, servidor, cliente));
    }
    for &(servidor, cliente, del_servidor, del_cliente) in EN_PYTHON {
        lista.push((en_python(servidor, cliente), Zip, Some(del_servidor), Some(del_cliente)));
    }
    let con_nombre = |(numero, (ficheros, forma, servidor, cliente))| Caso {
        nombre: format!("ALUMNO {numero:02}"),
        ficheros,
        forma,
        filas: (servidor, cliente),
    };
    lista.into_iter().enumerate().map(con_nombre).collect()
}

/// Escribe la clase como la da el aula virtual.
fn escribir(clase: &Path, casos: &[Caso]) -> Result<(), Failed> {
    for (numero, caso) in casos.iter().enumerate() {
        let moodle = format!("{}_{}_assignsubmission_file", caso.nombre, 4000 + numero);
        match caso.forma {
            Forma::Carpeta => {
                for (fichero, texto) in &caso.ficheros {
                    escribir_fichero(&clase.join(&moodle).join(fichero), texto)?;
                }
            }
            Forma::Suelta => {
                for (fichero, texto) in &caso.ficheros {
                    escribir_fichero(&clase.join(format!("{moodle}_{fichero}")), texto)?;
                }
            }
            Forma::Zip => {
                fs::create_dir_all(clase.join(&moodle))?;
                let mut zip =
                    ZipWriter::new(File::create(clase.join(&moodle).join("práctica.zip"))?);
                let sin_comprimir =
                    SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
                for (fichero, texto) in &caso.ficheros {
                    zip.start_file(fichero.as_str(), sin_comprimir)?;
                    zip.write_all(texto.as_bytes())?;
                }
                zip.finish()?;
            }
        }
    }
    Ok(())
}

fn escribir_fichero(ruta: &Path, texto: &str) -> std::io::Result<()> {
    fs::create_dir_all(ruta.parent().unwrap_or(Path::new(".")))?;
    fs::write(ruta, texto)
}

fn hay(programa: &str, argumentos: &[&str]) -> bool {
    let mut prueba = Command::new(programa);
    prueba.args(argumentos).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    prueba.status().is_ok_and(|estado| estado.success())
}

/// Lo que hace falta para una entrega, y aquí no está.
fn le_falta(caso: &Caso) -> Option<&'static str> {
    let lenguajes = [(".py", "python3"), (".java", "javac"), (".js", "node")];
    lenguajes.into_iter().find_map(|(extension, programa)| {
        let usa = caso.ficheros.iter().any(|(fichero, _)| fichero.ends_with(extension));
        (usa && !hay(programa, &["--version"])).then_some(programa)
    })
}

/// El documento, sus capturas y las copias: lo que de una entrega no son programas.
pub(crate) fn documentos() -> Result<(), Failed> {
    let clase = std::env::temp_dir().join(format!("documentos-{}", std::process::id()));
    let zip = |ruta: &Path, dentro: &[&str]| -> Result<(), Failed> {
        fs::create_dir_all(ruta.parent().unwrap_or(Path::new(".")))?;
        let mut zip = ZipWriter::new(File::create(ruta)?);
        let sin_comprimir =
            SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        for nombre in dentro {
            zip.start_file(*nombre, sin_comprimir)?;
        }
        zip.finish()?;
        Ok(())
    };
    zip(&clase.join("ana/1DAW_PEREZ_ANA.docx"), &["word/document.xml", "word/media/a.png"])?;
    zip(&clase.join("beto/1daw_Pérez.odt"), &["content.xml", "Pictures/a.png", "Pictures/b.png"])?;
    escribir_fichero(&clase.join("ana/servidor.py"), SERVIDOR_PY)?;
    let copiado =
        SERVIDOR_PY.replace("FALLO = \"nada\"", "FALLO   =   \"nada\"   # lo he hecho yo");
    let copiado = copiado.replace("escuchando", "a la escucha");
    escribir_fichero(&clase.join("beto/servidor.py"), &copiado)?;
    escribir_fichero(&clase.join("carla/cliente.py"), CLIENTE_PY)?;
    let entregas = entregas(&clase, &clase, |_| true).map_err(|fallo| fallo.detalle)?;
    let iguales = parecidas(&entregas);
    let vistos: Vec<_> = entregas
        .iter()
        .zip(iguales)
        .map(|(entrega, iguales)| Documento { iguales, ..Documento::de(entrega) })
        .collect();
    fs::remove_dir_all(&clase)?;
    let [ana, beto, carla] = &vistos[..] else { return Err("no son tres".into()) };
    assert_eq!((ana.nombre.as_str(), ana.capturas, ana.fuentes), ("bien", Some(1), 1));
    assert_eq!(ana.propuesta(), "casi igual que beto (98 %): míralo tú");
    assert_eq!(beto.capturas, Some(2));
    assert!(beto.propuesta().starts_with("nombre del documento: −0,5; casi igual que ana"));
    assert_eq!(carla.propuesta(), "sin documento ni capturas");
    Ok(())
}

/// Lo que da el aula virtual, dentro de otra carpeta: dos que se llaman igual, ficheros sueltos con el mismo
/// nombre, lo que no se puede abrir y lo que deja el sistema.
pub(crate) fn nadie_se_pierde() -> Result<(), Failed> {
    let clase = std::env::temp_dir().join(format!("nadie-{}", std::process::id()));
    let dentro = clase.join("PSP grupo A");
    let moodle = |quien: &str, fichero: &str| {
        dentro.join(format!("{quien}_assignsubmission_file")).join(fichero)
    };
    escribir_fichero(&moodle("PEREZ ANA_101", "servidor.py"), SERVIDOR_PY)?;
    escribir_fichero(&moodle("PEREZ ANA_102", "cliente.py"), CLIENTE_PY)?;
    escribir_fichero(&moodle("GIL BETO_103", "todo.rar"), "no se abre")?;
    escribir_fichero(&dentro.join("1DAW_SANZ_EVA.docx"), "")?;
    escribir_fichero(&dentro.join("1DAW_SANZ_EVA.py"), SERVIDOR_PY)?;
    escribir_fichero(&dentro.join("desktop.ini"), "")?;
    let la_de_dentro = raiz(&clase, &clase);
    let todas = la_de_dentro.and_then(|raiz| entregas(&raiz, &clase, |_| true));
    fs::remove_dir_all(&clase)?;
    let todas = todas.map_err(|fallo| fallo.detalle)?;
    let nombres: Vec<_> = todas.iter().map(|una| una.nombre.as_str()).collect();
    assert_eq!(nombres, ["1DAW_SANZ_EVA", "GIL BETO", "PEREZ ANA_101", "PEREZ ANA_102"]);
    assert_eq!(todas[0].ficheros.len(), 2);
    assert_eq!(todas[1].avisos, ["todo.rar: hay que abrirlo a mano"]);
    Ok(())
}

/// Las treinta, con una orden: cada una tiene su fila, y la que no se puede juzgar dice por qué.
pub(crate) fn de_treinta() -> Result<(), Failed> {
    let clase = std::env::temp_dir().join(format!("treinta-{}", std::process::id()));
    if !hay("unshare", &["--map-root-user", "--net", "ip", "link", "set", "lo", "up"]) {
        eprintln!(
            "aviso: aquí no se pueden juzgar varias entregas a la vez, y una clase tardaría mucho"
        );
        return Ok(());
    }
    let mut casos = casos();
    casos.retain(|caso| {
        let falta = le_falta(caso);
        if let Some(programa) = falta {
            eprintln!("aviso: sin {programa} no se prueba {}", caso.nombre);
        }
        falta.is_none()
    });
    escribir(&clase, &casos)?;
    let notas: PathBuf = clase.with_extension("json");
    let (texto, codigo) =
        corregir(&["--carpeta", &clase.to_string_lossy(), "--json", &notas.to_string_lossy()])?;
    let todo: Value = serde_json::from_str(&fs::read_to_string(&notas)?)?;
    fs::remove_dir_all(&clase)?;
    fs::remove_file(&notas)?;
    let mut mal = String::new();
    for caso in &casos {
        let nota = &todo[&caso.nombre];
        let filas = (nota["servidor"]["fila"].as_u64(), nota["cliente"]["fila"].as_u64());
        if filas != caso.filas {
            let informe = nota["informe"].as_str().unwrap_or("no está");
            let _ = writeln!(mal, "{}: {:?}, y sale {filas:?}\n{informe}", caso.nombre, caso.filas);
        }
    }
    if mal.is_empty() && codigo == Some(1) {
        return Ok(());
    }
    Err(format!("{mal}{codigo:?}\n{texto}").into())
}
