//! Juzga desde fuera un servidor y un cliente, escritos en cualquier lenguaje. Está contado en
//! `docs/corrector.md`.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use corrector::clase::{self, Entrega, Papel};
use corrector::documento::{self, Documento};
use corrector::donde::Donde;
use corrector::{Juicio, NO_ARRANCA, cliente, en_marcha, informe, pareja, servidor, sin_acentos};
use pruebas::escena::{Fallo, Resultado};
use pruebas::programa::{Orden, matar_todos};
use serde_json::{Map, Value};

const USO: &str = "\
uso: corrector --servidor 'ORDEN' --cliente 'ORDEN' [OPCIONES]
     corrector --carpeta CARPETA [OPCIONES]

Juzga un servidor, un cliente o los dos, y propone una fila de la rúbrica. Los programas se ponen en
marcha con los permisos de quien lo llama.

  --servidor 'ORDEN'   cómo se pone en marcha el servidor, como 'python3 servidor.py'
  --cliente 'ORDEN'    cómo se pone en marcha el cliente
  --carpeta CARPETA    juzga todas las entregas de una clase: una carpeta o un zip, como los da Moodle
  --solo NOMBRE        con --carpeta, solo las entregas en cuyo nombre esté esto
  --direccion D        la dirección que usan (127.0.0.1:12345 si no se indica)
  --json FICHERO       escribe además el resultado en JSON
  --csv FICHERO        con --carpeta, escribe además la tabla, para una hoja de cálculo
  --informes CARPETA   con --carpeta, escribe además un texto por entrega, para devolvérselo

Termina con 0 si se cumple todo (de una clase, si todas se han podido juzgar y lo cumplen todo), con 1
si no, y con 2 si no se puede juzgar.
";

struct Opciones {
    servidor: Option<String>,
    cliente: Option<String>,
    carpeta: Option<PathBuf>,
    direccion: SocketAddr,
    json: Option<PathBuf>,
    csv: Option<PathBuf>,
    informes: Option<PathBuf>,
    solo: Option<String>,
    /// La única que hay que juzgar: lo pide un corrector a otro.
    una: Option<String>,
}

fn main() -> ExitCode {
    // Que no quede en marcha nada de lo que se estaba juzgando.
    let interrumpido = ctrlc::set_handler(|| {
        matar_todos();
        en_marcha::limpiar();
        std::process::exit(130)
    });
    if let Err(error) = interrumpido {
        eprintln!("aviso: con Ctrl-C puede quedar algo en marcha: {error}");
    }
    let opciones = match leer_opciones() {
        Ok(Some(opciones)) => opciones,
        Ok(None) => {
            print!("{USO}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("error: {error}\n\n{USO}");
            return ExitCode::from(2);
        }
    };
    let resultado = match (&opciones.carpeta, &opciones.una) {
        (Some(raiz), Some(una)) => solo_una(una, raiz, opciones.direccion),
        (Some(clase), None) => una_clase(&opciones, clase),
        (None, _) => una_pareja(&opciones),
    };
    match resultado {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(Fallo { razon, detalle }) => {
            en_marcha::limpiar();
            eprintln!("error: no se puede juzgar: {razon}: {detalle}");
            ExitCode::from(2)
        }
    }
}

fn leer_opciones() -> Result<Option<Opciones>, String> {
    use lexopt::Arg::{Long, Short, Value};
    let mut opciones = Opciones {
        servidor: None,
        cliente: None,
        carpeta: None,
        direccion: SocketAddr::from(([127, 0, 0, 1], 12345)),
        json: None,
        csv: None,
        informes: None,
        solo: None,
        una: None,
    };
    let mut linea = lexopt::Parser::from_env();
    while let Some(argumento) = linea.next().map_err(|_| "a una opción le sobra su valor")? {
        let nombre = match argumento {
            Long(nombre) => nombre.to_owned(),
            Short('h') => "help".to_owned(),
            Short(letra) => return Err(format!("no hay ninguna opción -{letra}")),
            Value(suelto) => return Err(format!("sobra «{}»", suelto.to_string_lossy())),
        };
        if nombre == "help" {
            return Ok(None);
        }
        let valor = linea.value().map_err(|_| format!("a --{nombre} le falta su valor"))?;
        let texto = valor.to_string_lossy().into_owned();
        match nombre.as_str() {
            "servidor" => opciones.servidor = Some(texto),
            "cliente" => opciones.cliente = Some(texto),
            "carpeta" => opciones.carpeta = Some(valor.into()),
            "json" => opciones.json = Some(valor.into()),
            "csv" => opciones.csv = Some(valor.into()),
            "informes" => opciones.informes = Some(valor.into()),
            "solo" => opciones.solo = Some(texto),
            "una" => opciones.una = Some(texto),
            "direccion" => {
                let error = |_| format!("una dirección es como 127.0.0.1:12345, y no «{texto}»");
                opciones.direccion = texto.parse().map_err(error)?;
            }
            otra => return Err(format!("no hay ninguna opción --{otra}")),
        }
    }
    let algo = opciones.servidor.is_some() || opciones.cliente.is_some();
    match (algo, opciones.carpeta.is_some()) {
        (false, false) => Err("falta decir qué se juzga".into()),
        (true, true) => Err("--carpeta ya dice qué se juzga".into()),
        _ => Ok(Some(opciones)),
    }
}

/// Devuelve si cumplen todo.
fn una_pareja(opciones: &Opciones) -> Resultado<bool> {
    let aqui = std::env::current_dir()?;
    let orden = |titulo: &str, linea: &Option<String>| {
        let orden = linea.as_deref().map(|linea| Orden::de_linea(linea, &aqui));
        let vacia = || Fallo {
            razon: format!("la orden del {titulo} está vacía").into(),
            detalle: "se escribe como 'python3 servidor.py'".into(),
        };
        let orden = orden.map(|orden| orden.ok_or_else(vacia)).transpose()?;
        // El intérprete está, y el juicio diría que el programa no funciona.
        let falta = orden.as_ref().and_then(|orden| orden.fichero_que_falta(&clase::CODIGO));
        match falta {
            None => Ok(orden),
            Some(fichero) => Err(Fallo {
                razon: format!("no hay ningún fichero {fichero}").into(),
                detalle: format!("se busca en {}", aqui.display()),
            }),
        }
    };
    let servidor = orden("servidor", &opciones.servidor)?;
    let cliente = orden("cliente", &opciones.cliente)?;
    let direccion = opciones.direccion;
    let ficheros = [&servidor, &cliente].into_iter().flatten().flat_map(Orden::ficheros);
    let protocolo = pareja::protocolo_propio(&ficheros.collect::<Vec<_>>());
    let donde = Donde { protocolo, ..Donde::en(direccion) };
    let mut del_servidor =
        servidor.as_ref().map(|orden| servidor::juzgar(orden, &donde)).transpose()?;
    let donde = donde.o_donde(del_servidor.as_ref().and_then(|juicio| juicio.escucha));
    let mut del_cliente = cliente
        .as_ref()
        .map(|orden| cliente::juzgar(orden, &donde.clone().o_lo_que_digan(&orden.ficheros())))
        .transpose()?;
    if let (Some(servidor), Some(uno), Some(cliente), Some(otro)) =
        (&servidor, &mut del_servidor, &cliente, &mut del_cliente)
    {
        pareja::revisar((servidor, uno), (cliente, otro), &donde)?;
    }
    let titulo = |que: &str, linea: &Option<String>| {
        format!("{que}: {}", linea.as_deref().unwrap_or_default())
    };
    let [del_servidor, del_cliente] =
        [del_servidor, del_cliente].map(|juicio| juicio.map(|juicio| juicio.decidido(protocolo)));
    let de_cada_uno = [
        (titulo("SERVIDOR", &opciones.servidor), &del_servidor),
        (titulo("CLIENTE", &opciones.cliente), &del_cliente),
    ];
    for (titulo, juicio) in &de_cada_uno {
        if let Some(juicio) = juicio {
            println!("{}", informe::texto(titulo, juicio));
        }
    }
    let juicio = |cual: &'_ Option<Resultado<Juicio>>| cual.as_ref()?.as_ref().ok().cloned();
    if let Some(fichero) = &opciones.json {
        let json = informe::json(juicio(&del_servidor).as_ref(), juicio(&del_cliente).as_ref());
        escribir(fichero, &format!("{json:#}\n"))?;
    }
    let cumple = |juicio: &Resultado<Juicio>| juicio.as_ref().is_ok_and(Juicio::cumple_todo);
    Ok(de_cada_uno.iter().all(|(_, juicio)| juicio.as_ref().is_none_or(cumple)))
}

/// Devuelve si todas las entregas se han podido juzgar y lo cumplen todo.
fn una_clase(opciones: &Opciones, clase: &Path) -> Resultado<bool> {
    let clase = &std::path::absolute(clase)?;
    let raiz = clase::raiz(clase, &en_marcha::trabajo()?)?;
    let llano = |texto: &str| sin_acentos(texto).to_lowercase();
    let solo = opciones.solo.as_deref().map(llano);
    let entregas = clase::entregas(&raiz, &en_marcha::trabajo()?, |nombre| {
        solo.as_ref().is_none_or(|solo| llano(nombre).contains(solo))
    })?;
    if entregas.is_empty() {
        return Err(Fallo {
            razon: format!("en {} no hay entregas", clase.display()).into(),
            detalle: "cada una es una subcarpeta o un zip".into(),
        });
    }
    // Antes de juzgar nada: después sería tarde.
    for fichero in [&opciones.csv, &opciones.json].into_iter().flatten() {
        if opciones.solo.is_some() && fichero.exists() {
            return Err(Fallo {
                razon: format!("{} ya existe", fichero.display()).into(),
                detalle: "con --solo, lo escrito es solo de esas: hay que darle otro nombre".into(),
            });
        }
        escribir(fichero, "")?;
    }
    if let Some(carpeta) = &opciones.informes {
        fs::create_dir_all(carpeta).map_err(|error| sin_escribir(carpeta, &error))?;
    }
    let notas = if se_puede_aislar() {
        a_la_vez(&entregas, &raiz, opciones.direccion)
    } else {
        una_a_una(&entregas, &Donde::en(opciones.direccion))
    };
    let iguales = documento::parecidas(&entregas);
    let filas: Vec<Vec<String>> = entregas
        .iter()
        .zip(iguales)
        .zip(&notas)
        .map(|((entrega, iguales), nota)| {
            let documento = Documento { iguales, ..Documento::de(entrega) };
            fila(entrega, nota, &documento)
        })
        .collect();
    en_marcha::limpiar();
    println!("{}", informe::tabla(&CABECERA[..EN_PANTALLA], &filas));
    for fila in filas.iter().filter(|fila| !fila[CABECERA.len() - 1].is_empty()) {
        println!("{}: {}", fila[0], fila[CABECERA.len() - 1]);
    }
    if let Some(fichero) = &opciones.csv {
        escribir(fichero, &informe::csv(&CABECERA, &filas)?)?;
    }
    if let Some(carpeta) = &opciones.informes {
        for (entrega, nota) in entregas.iter().zip(&notas) {
            let texto = nota["informe"].as_str().unwrap_or_default();
            // Un nombre de fichero tiene un máximo.
            let nombre: String = entrega.nombre.chars().take(60).collect();
            escribir(&carpeta.join(format!("{nombre}.txt")), texto)?;
        }
    }
    let bien = notas.iter().all(|nota| nota["bien"] == true);
    if let Some(fichero) = &opciones.json {
        let nombres = entregas.iter().map(|entrega| entrega.nombre.clone());
        let todo: Map<_, _> = nombres.zip(notas).collect();
        escribir(fichero, &format!("{:#}\n", Value::Object(todo)))?;
    }
    Ok(bien)
}

fn una_a_una(entregas: &[Entrega], donde: &Donde) -> Vec<Value> {
    let cuantas = entregas.len();
    let juzga = |(numero, entrega): (usize, &Entrega)| {
        let nota = juzgar_entrega(entrega, donde);
        eprintln!("[{}/{cuantas}] {}", numero + 1, informe::linea(&entrega.nombre, &nota));
        nota
    };
    entregas.iter().enumerate().map(juzga).collect()
}

/// Lo que se decide de una entrega.
fn juzgar_entrega(entrega: &Entrega, donde: &Donde) -> Value {
    let mut avisos = entrega.avisos.clone();
    // Hablan entre ellos: si uno lo hace a su manera, el otro también.
    let ficheros: Vec<_> = entrega.ficheros.iter().map(|uno| uno.ruta.clone()).collect();
    let protocolo = pareja::protocolo_propio(&ficheros);
    let donde = Donde { protocolo, ..donde.clone() };
    let (mut del_servidor, servidor) = de_un_papel(entrega, Papel::Servidor, &donde, &mut avisos);
    let donde = donde.o_donde(del_servidor.as_ref().ok().and_then(|uno| uno.escucha));
    let (mut del_cliente, cliente) = de_un_papel(entrega, Papel::Cliente, &donde, &mut avisos);
    if let (Some(servidor), Ok(uno), Some(cliente), Ok(otro)) =
        (&servidor, &mut del_servidor, &cliente, &mut del_cliente)
    {
        if let Err(fallo) = pareja::revisar((servidor, uno), (cliente, otro), &donde) {
            avisos.push(format!("no se ha podido probar con su pareja: {}", fallo.razon));
        }
    }
    let [del_servidor, del_cliente] = [del_servidor, del_cliente]
        .map(|juicio| juicio.and_then(|juicio| juicio.decidido(protocolo)));
    informe::nota(&entrega.nombre, &avisos, &del_servidor, &del_cliente)
}

/// Juzga el programa de la entrega que tiene ese papel; si no llega a ponerse en marcha y hay otros que pueden
/// serlo, el primero de ellos que sí. Cada uno, en una copia: puede cambiar o borrar lo que hay en su carpeta.
fn de_un_papel(
    entrega: &Entrega,
    papel: Papel,
    donde: &Donde,
    avisos: &mut Vec<String>,
) -> (Resultado<Juicio>, Option<Orden>) {
    const INTENTOS: usize = 3;
    let juzgar = if papel == Papel::Servidor { servidor::juzgar } else { cliente::juzgar };
    let intento = || -> Resultado<(Juicio, Orden)> {
        let copia = en_marcha::sitio()?;
        let ficheros = entrega.copiada(&copia)?;
        let hallazgo = clase::busca(&ficheros, papel);
        avisos.extend(hallazgo.aviso);
        let mut primero = None;
        for candidato in hallazgo.candidatos.iter().take(INTENTOS) {
            let codigo = [candidato.ruta.clone()];
            let desde = |carpeta: &Path| {
                let orden = en_marcha::orden(&candidato.ruta, carpeta)?;
                Ok((juzgar(&orden, &donde.clone().o_lo_que_digan(&codigo))?, orden))
            };
            let suya = candidato.ruta.parent().unwrap_or(&copia);
            let mut juicio = desde(suya);
            // Puede buscar sus ficheros desde una carpeta de más arriba.
            for arriba in suya.ancestors().skip(1).take_while(|una| una.starts_with(&copia)) {
                if !juicio.as_ref().is_err_and(|fallo: &Fallo| fallo.razon == NO_ARRANCA.into()) {
                    break;
                }
                juicio = desde(arriba).or(juicio);
            }
            let arranca = juicio.as_ref().is_ok_and(|(juicio, _)| juicio.arranca());
            if arranca && primero.is_some() {
                let dentro = candidato.dentro.display();
                avisos.push(format!("no llega a ponerse en marcha: se juzga {dentro}"));
            }
            if arranca {
                return juicio;
            }
            primero.get_or_insert(juicio);
        }
        primero.unwrap_or_else(|| {
            let hay = ficheros.iter().map(|uno| uno.dentro.to_string_lossy().into_owned());
            let hay: Vec<String> = hay.take(8).collect();
            Err(Fallo {
                razon: format!("no se encuentra el {}", papel.nombre()).into(),
                detalle: format!("lo que hay: {}", hay.join(", ")),
            })
        })
    };
    match { intento }() {
        Ok((juicio, orden)) => (Ok(juicio), Some(orden)),
        Err(fallo) => (Err(fallo), None),
    }
}

/// Con qué se pone en marcha algo en una red que es solo suya: todas las entregas usan la misma dirección. En ella,
/// cualquier dirección es de este ordenador: quien entrega pudo poner la del suyo.
const AISLADO: [&str; 5] = [
    "--map-root-user",
    "--net",
    "sh",
    "-c",
    "ip link set lo up && { ip route add local 0.0.0.0/0 dev lo; echo 0 >/proc/sys/net/ipv4/tcp_max_tw_buckets; exec \"$0\" \"$@\"; }",
];

fn se_puede_aislar() -> bool {
    let mut prueba = Command::new("unshare");
    prueba.args(AISLADO).arg("true");
    prueba.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    cfg!(target_os = "linux") && prueba.status().is_ok_and(|estado| estado.success())
}

/// Juzga varias a la vez, cada una con un corrector y una red para ella sola.
fn a_la_vez(entregas: &[Entrega], raiz: &Path, direccion: SocketAddr) -> Vec<Value> {
    /// Juzgar es, sobre todo, esperar.
    const POR_NUCLEO: usize = 7;
    let cuantas = entregas.len();
    let nucleos = thread::available_parallelism().map_or(1, usize::from);
    let (siguiente, acabadas) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let notas = Mutex::new(vec![Value::Null; cuantas]);
    thread::scope(|hilos| {
        for _ in 0..(POR_NUCLEO * nucleos).min(cuantas) {
            hilos.spawn(|| {
                while let Some((numero, entrega)) = {
                    let numero = siguiente.fetch_add(1, Ordering::Relaxed);
                    entregas.get(numero).map(|entrega| (numero, entrega))
                } {
                    let nota = en_su_red(entrega, raiz, direccion).unwrap_or_else(|fallo| {
                        let ninguno = || Err(fallo.clone());
                        informe::nota(&entrega.nombre, &[], &ninguno(), &ninguno())
                    });
                    let hechas = acabadas.fetch_add(1, Ordering::Relaxed) + 1;
                    eprintln!("[{hechas}/{cuantas}] {}", informe::linea(&entrega.nombre, &nota));
                    notas.lock().unwrap_or_else(PoisonError::into_inner)[numero] = nota;
                }
            });
        }
    });
    notas.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn en_su_red(entrega: &Entrega, raiz: &Path, direccion: SocketAddr) -> Resultado<Value> {
    let salida = Command::new("unshare")
        .args(AISLADO)
        .arg(std::env::current_exe()?)
        .arg("--una")
        .arg(&entrega.nombre)
        .arg("--carpeta")
        .arg(raiz)
        .args(["--direccion", &direccion.to_string()])
        .stdin(Stdio::null())
        .output()?;
    let texto = String::from_utf8_lossy(&salida.stdout);
    let error = String::from_utf8_lossy(&salida.stderr);
    serde_json::from_str(&texto).map_err(|_| Fallo {
        razon: "el corrector ha terminado antes de tiempo".into(),
        detalle: error.lines().last().unwrap_or_default().to_owned(),
    })
}

/// Juzga una sola entrega de una clase, y escribe lo que decide en JSON: es lo que pide [`en_su_red`].
fn solo_una(nombre: &str, raiz: &Path, direccion: SocketAddr) -> Resultado<bool> {
    let entregas = clase::entregas(raiz, &en_marcha::trabajo()?, |otro| otro == nombre)?;
    let entrega = entregas.first().ok_or_else(|| Fallo::prueba(&format!("ya no está {nombre}")))?;
    println!("{}", juzgar_entrega(entrega, &Donde { red_propia: true, ..Donde::en(direccion) }));
    en_marcha::limpiar();
    Ok(true)
}

const CABECERA: [&str; 12] = [
    "entrega",
    "servidor %",
    "puntos",
    "cliente %",
    "puntos",
    "total",
    "no cumple",
    "documento",
    "capturas",
    "fuentes",
    "casi igual que",
    "se propone",
];

/// Las columnas que caben en un terminal: las de la nota.
const EN_PANTALLA: usize = 7;

fn fila(entrega: &Entrega, nota: &Value, documento: &Documento) -> Vec<String> {
    let numero = |cual: &Value| cual.as_f64().map_or("--".into(), informe::coma);
    let (servidor, cliente) = (&nota["servidor"], &nota["cliente"]);
    let dos = |uno: &Value| [numero(&uno["fila"]), numero(&uno["puntos"])];
    let total = servidor["puntos"].as_f64().zip(cliente["puntos"].as_f64());
    let total = total.map_or("--".into(), |(uno, otro)| informe::coma(uno + otro));
    let ([s, ps], [c, pc]) = (dos(servidor), dos(cliente));
    let faltan = nota["faltan"].as_str().unwrap_or_default().to_owned();
    vec![
        entrega.nombre.clone(),
        s,
        ps,
        c,
        pc,
        total,
        faltan,
        documento.nombre.clone(),
        documento.capturas.map_or("?".into(), |cuantas| cuantas.to_string()),
        documento.fuentes.to_string(),
        documento.iguales.join(", "),
        documento.propuesta(),
    ]
}

fn escribir(fichero: &Path, texto: &str) -> Resultado {
    fs::write(fichero, texto).map_err(|error| sin_escribir(fichero, &error))
}

fn sin_escribir(ruta: &Path, error: &io::Error) -> Fallo {
    Fallo {
        razon: format!("no se puede escribir {}", ruta.display()).into(),
        detalle: error.to_string(),
    }
}
