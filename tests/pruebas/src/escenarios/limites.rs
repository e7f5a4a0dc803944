//! Mucho de todo: clientes que no leen, visitas que no acaban, descriptores que se agotan.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::conexion::reinicia;
use crate::consumo::Consumo;
use crate::escena::{Escena, Fallo, Resultado, Servidor};
use crate::razon::Razon::{
    self, CreceLaMemoria, DejanDeRecibir, NoAtiende, NoAvisa, NoLlega, QuedanRestos,
};

/// Dos clientes no leen nada; los demás reciben todo lo que otro dice sin parar.
pub fn cliente_que_no_lee(escena: &Escena) -> Resultado {
    atascados(escena, 2, 60_000).map(|_| ())
}

/// Diez que no leen y 200 000 líneas: no se pierde ninguna, y nadie espera más de 2 segundos.
pub fn diez_que_no_leen(escena: &Escena) -> Resultado {
    for cuantos in [1, 10] {
        let espera = atascados(escena, cuantos, 200_000)?;
        escena.contexto().exige(espera <= Duration::from_secs(2), "los demás esperan", || {
            format!("con {cuantos} que no leen, los demás esperaron {espera:?}")
        })?;
    }
    Ok(())
}

/// Devuelve lo más que esperó un oyente entre un mensaje y el siguiente.
fn atascados(escena: &Escena, cuantos: usize, lineas: usize) -> Resultado<Duration> {
    let servidor = escena.servidor()?;
    let mut sordos = Vec::new();
    for _ in 0..cuantos {
        sordos.push(llega(&servidor)?);
    }
    let oyentes = [llega(&servidor)?, llega(&servidor)?, llega(&servidor)?];
    let autor = llega(&servidor)?;
    let paciencia = escena.contexto().plazo(DejanDeRecibir) - Instant::now();
    let texto = format!("{}\n", "x".repeat(180));
    let mut envio = autor.try_clone()?;
    // En Windows, apagar el socket no despierta a quien escribe en él.
    envio.set_write_timeout(Some(paciencia))?;
    let esperas = thread::scope(|hilos| {
        hilos.spawn(move || {
            // Si el servidor se atasca, lo despierta el cierre de abajo.
            let _ =
                (0..lineas).try_for_each(|i| envio.write_all(format!("{i:09} {texto}").as_bytes()));
        });
        let escuchas: Vec<_> = oyentes
            .iter()
            .map(|oyente| hilos.spawn(move || escucha(oyente, lineas, paciencia)))
            .collect();
        let esperas: Vec<_> =
            escuchas.into_iter().map(|hilo| hilo.join().expect("la escucha no se cae")).collect();
        let _ = autor.shutdown(Shutdown::Both);
        esperas
    });
    let mut peor = Duration::ZERO;
    for espera in esperas {
        peor = peor.max(espera.map_err(|detalle| Fallo { razon: DejanDeRecibir, detalle })?);
    }
    for sordo in sordos {
        expulsado(&servidor, &sordo)?;
    }
    Ok(peor)
}

/// A quien no lee se le dice por qué, y su conexión se acaba.
fn expulsado(servidor: &Servidor, mut sordo: &TcpStream) -> Resultado {
    let nombre = format!("cliente ('127.0.0.1', {})", sordo.local_addr()?.port());
    let motivo = format!("{nombre} desconectado: no lee sus mensajes");
    servidor.ve(&motivo, "no se despide a quien no lee")?;
    sordo.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut lectura = vec![0; 64 * 1024];
    loop {
        match sordo.read(&mut lectura) {
            Ok(1..) => {}
            // Con un corte también se acaba.
            Ok(0) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(()),
            Err(error) => {
                let razon = "no se cierra la conexión de quien no lee".into();
                return Err(Fallo { razon, detalle: error.to_string() });
            }
        }
    }
}

/// Una conexión que el servidor ya ha anunciado.
pub fn llega(servidor: &Servidor) -> Resultado<TcpStream> {
    let socket = servidor.conecta()?;
    servidor.anuncia(socket.local_addr()?.port())?;
    Ok(socket)
}

/// Cuenta las líneas que dice el autor; devuelve la mayor espera entre dos, o qué faltó.
fn escucha(oyente: &TcpStream, lineas: usize, paciencia: Duration) -> Result<Duration, String> {
    oyente.set_read_timeout(Some(paciencia)).map_err(|error| error.to_string())?;
    let (mut peor, mut anterior) = (Duration::ZERO, Instant::now());
    let mut siguiente = 0;
    for linea in BufReader::new(oyente).lines() {
        let linea = linea.map_err(|error| format!("tras {siguiente} líneas: {error}"))?;
        peor = peor.max(anterior.elapsed());
        anterior = Instant::now();
        let Some((_, mensaje)) = linea.split_once(": ") else { continue };
        if !mensaje.starts_with(&format!("{siguiente:09} ")) {
            return Err(format!("se esperaba la línea {siguiente}, y llegó «{linea}»"));
        }
        siguiente += 1;
        if siguiente == lineas {
            return Ok(peor);
        }
    }
    Err(format!("la conexión se cerró tras {siguiente} líneas de {lineas}"))
}

/// Mientras otro habla sin parar, cien clientes dicen algo y se van sin haber leído nada.
pub fn ultimas_palabras(escena: &Escena) -> Resultado {
    const VISITAS: usize = 100;
    let servidor = escena.servidor()?;
    let oyente = escena.entra("oyente", &servidor)?;
    let hablador = escena.entra("hablador", &servidor)?;
    for i in 0..VISITAS {
        let visita = servidor.conecta()?;
        servidor.anuncia(visita.local_addr()?.port())?;
        let bla = || (0..10).try_for_each(|_| hablador.envia("bla\n"));
        bla()?;
        (&visita).write_all(format!("adiós {i}.\n").as_bytes())?;
        // Con bytes sin leer, cerrar es un corte.
        drop(visita);
        bla()?;
    }
    for i in 0..VISITAS {
        let adios = format!(": adiós {i}.\n");
        let plazo = escena.contexto().plazo(NoLlega);
        let llega = oyente.pantalla.espera(plazo, |vista| vista.texto.contains(&adios));
        escena.contexto().exige(llega, NoLlega, || format!("falta «adiós {i}.»"))?;
    }
    Ok(())
}

/// Cien visitas, la mitad con un corte: no queda de ellas ni un hilo ni un descriptor.
pub fn muchas_visitas(escena: &Escena) -> Resultado {
    visitas(escena, 100)
}

/// Lo mismo con 5.000 visitas; tampoco queda memoria.
pub fn miles_de_visitas(escena: &Escena) -> Resultado {
    visitas(escena, 5_000)
}

fn visitas(escena: &Escena, cuantas: usize) -> Resultado {
    const MARGEN_KIB: usize = 1024;
    let servidor = escena.servidor()?;
    let pid = servidor.pid().ok_or_else(|| Fallo::prueba(&"no se sabe el número de proceso"))?;
    // Con un cliente dentro y atendido, el servidor ya tiene todos sus hilos.
    let testigo = llega(&servidor)?;
    (&testigo).write_all(b"hola\n")?;
    let puerto = testigo.local_addr()?.port();
    servidor.ve(&format!("cliente ('127.0.0.1', {puerto}): hola"), NoAtiende)?;
    let antes = consumo(pid)?;
    let visita = |i: usize| {
        let mut socket = llega(&servidor)?;
        if i % 2 == 1 {
            return reinicia(socket);
        }
        socket.write_all("hola y adiós\n".as_bytes())?;
        socket.shutdown(Shutdown::Write)?;
        socket.set_read_timeout(Some(escena.contexto().plazo(QuedanRestos) - Instant::now()))?;
        let acaba = socket.read_to_end(&mut Vec::new());
        escena.contexto().exige(acaba.is_ok(), QuedanRestos, || format!("{acaba:?}"))
    };
    escena.contexto().apunta(format!("llegan y se van {cuantas} visitas, la mitad con un corte"));
    // La memoria de las primeras visitas se aprovecha en las siguientes.
    (0..cuantas / 2).try_for_each(visita)?;
    let mitad = consumo(pid)?;
    (cuantas / 2..cuantas).try_for_each(visita)?;
    let plazo = escena.contexto().plazo(QuedanRestos);
    let mut despues = consumo(pid)?;
    while (despues.hilos, despues.descriptores) != (antes.hilos, antes.descriptores)
        && Instant::now() < plazo
    {
        thread::sleep(Duration::from_millis(5));
        despues = consumo(pid)?;
    }
    let igual = (despues.hilos, despues.descriptores) == (antes.hilos, antes.descriptores);
    escena.contexto().exige(igual, QuedanRestos, || {
        format!(
            "al principio había {} hilos y {} descriptores; al final, {} y {}",
            antes.hilos, antes.descriptores, despues.hilos, despues.descriptores
        )
    })?;
    let crece = despues.memoria_kib > mitad.memoria_kib + MARGEN_KIB;
    escena
        .contexto()
        .exige(!crece, CreceLaMemoria, || format!("a la mitad {mitad:?}; después {despues:?}"))
}

/// Lo que gasta el servidor, que sigue en marcha.
pub fn consumo(pid: u32) -> Resultado<Consumo> {
    Consumo::de(pid)
        .ok_or_else(|| Fallo { razon: NoAtiende, detalle: "el servidor ya no está".into() })
}

/// Con 40 descriptores llegan 80: el servidor lo dice, sigue, y atiende al resto cuando hay sitio.
pub fn descriptores_agotados(escena: &Escena) -> Resultado {
    let servidor = escena.servidor_con(&escena.orden_servidor().con_descriptores(40))?;
    // Un servidor que se caiga con esto no dejará conectarse a todos: se ve debajo.
    let mut sockets: Vec<_> = (0..80).map_while(|_| servidor.conecta().ok()).collect();
    servidor.muestra("aviso: por ahora no caben más clientes: ", NoAvisa)?;
    escena.contexto().exige(sockets.len() == 80, NoAtiende, || sockets.len().to_string())?;
    descansa(escena, &servidor, "prueba sin descanso")?;
    let avisos = servidor.pantalla.texto().matches("aviso: por ahora no caben").count();
    escena.contexto().exige(avisos == 1, "avisa una y otra vez", || format!("{avisos} avisos"))?;
    let ultimos = sockets.split_off(78);
    let nombres = sockets.iter().map(|socket| Ok(socket.local_addr()?.port()));
    let puertos = nombres.collect::<Resultado<Vec<_>>>()?;
    servidor.anuncia(puertos[0])?;
    servidor.anuncia(puertos[1])?;
    (&sockets[0]).write_all(b"cabemos\n")?;
    let mut lector = BufReader::new(&sockets[1]);
    lee_hasta(&mut lector, &format!("usuario {}: cabemos", puertos[0]))?;
    drop(lector);
    drop(sockets);
    for puerto in puertos {
        servidor.despide(puerto, "no se despide a quien se va")?;
    }
    for socket in &ultimos {
        servidor.anuncia(socket.local_addr()?.port())?;
    }
    (&ultimos[0]).write_all(b"ya hay sitio\n")?;
    let esperado = format!("usuario {}: ya hay sitio", ultimos[0].local_addr()?.port());
    lee_hasta(&mut BufReader::new(&ultimos[1]), &esperado)
}

/// Cuando acaba lo que tenía por hacer, el servidor no gasta el procesador. Donde se puede medir.
pub fn descansa(escena: &Escena, servidor: &Servidor, si_no: impl Into<Razon>) -> Resultado {
    const RATO: Duration = Duration::from_millis(500);
    let si_no = si_no.into();
    let plazo = escena.contexto().plazo(si_no.clone());
    let gasto = || servidor.pid().and_then(Consumo::de).and_then(|consumo| consumo.cpu);
    loop {
        let Some(antes) = gasto() else { return Ok(()) };
        servidor.pantalla.espera(Instant::now() + RATO, |vista| vista.terminada);
        let gastado = gasto().unwrap_or_default().saturating_sub(antes);
        if gastado < RATO / 100 {
            return Ok(());
        }
        let falla = || format!("{gastado:?} de {RATO:?}");
        escena.contexto().exige(Instant::now() < plazo, si_no.clone(), falla)?;
    }
}

/// Con 30 hilos llegan 60: el servidor despide a los que no caben, y sigue.
pub fn hilos_agotados(escena: &Escena) -> Resultado {
    let servidor = escena.servidor_con(&escena.orden_servidor().con_hilos(30))?;
    // Un servidor que se caiga con esto no dejará conectarse a todos: se ve debajo.
    let mut sockets: Vec<_> = (0..60).map_while(|_| servidor.conecta().ok()).collect();
    servidor.muestra("aviso: no se puede atender a ('127.0.0.1', ", NoAvisa)?;
    // Al último no se le atiende, y no se le deja esperando.
    let ultimo = &sockets[sockets.len() - 1];
    let plazo = escena.contexto().plazo("no se cierra a quien no cabe");
    ultimo.set_read_timeout(Some(plazo.saturating_duration_since(Instant::now())))?;
    let cerrado = match (&*ultimo).read(&mut [0]) {
        Ok(leidos) => leidos == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    };
    escena.contexto().exige(cerrado, "no se cierra a quien no cabe", || "sigue abierto".into())?;
    let puertos = [sockets[0].local_addr()?.port(), sockets[1].local_addr()?.port()];
    servidor.anuncia(puertos[0])?;
    servidor.anuncia(puertos[1])?;
    (&sockets[0]).write_all(b"cabemos\n")?;
    lee_hasta(&mut BufReader::new(&sockets[1]), &format!("usuario {}: cabemos", puertos[0]))?;
    sockets.clear();
    servidor.despide(puertos[0], "no se despide a quien se va")?;
    servidor.despide(puertos[1], "no se despide a quien se va")?;
    // Su hilo puede tardar en acabar un instante más que su despedida.
    let plazo = escena.contexto().plazo(NoAtiende);
    let hay_sitio = || -> Resultado<bool> {
        let socket = servidor.conecta()?;
        socket.set_read_timeout(Some(Duration::from_secs(30)))?;
        let mut linea = String::new();
        Ok(BufReader::new(socket).read_line(&mut linea).is_ok_and(|leidos| leidos > 0))
    };
    while !hay_sitio()? {
        let agotado = Instant::now() >= plazo;
        escena.contexto().exige(!agotado, NoAtiende, || "no vuelve a haber sitio".to_string())?;
    }
    drop(servidor);
    // Si no hay ni los que él mismo necesita, lo dice y termina.
    for cuantos in 2..=4 {
        let orden = escena.orden_servidor().con_hilos(cuantos).con("127.0.0.1:0");
        let mut justo = escena.arranca("servidor", &orden)?;
        let plazo = escena.contexto().plazo(NoAvisa);
        justo
            .pantalla
            .espera(plazo, |vista| vista.terminada || vista.tiene_linea("esperando clientes..."));
        // Si ha arrancado de verdad, atiende a quien llega, o dice que no puede.
        let texto = justo.pantalla.texto();
        let direccion = texto.lines().next().and_then(|linea| linea.rsplit(' ').next());
        let _visita = direccion.and_then(|direccion| TcpStream::connect(direccion).ok());
        justo.pantalla.espera(plazo, |vista| {
            let atiende = ["nuevo cliente", "aviso: "];
            vista.terminada || atiende.iter().any(|algo| vista.texto.contains(algo))
        });
        if justo.pantalla.vista().terminada {
            justo.muestra("error: no se puede crear el hilo", "no dice qué hilo le falta")?;
            justo.acaba(1, "sin sus hilos, no termina con 1")?;
        }
    }
    Ok(())
}

fn lee_hasta(lector: &mut BufReader<&TcpStream>, esperada: &str) -> Resultado {
    SockRef::from(lector.get_ref()).set_read_timeout(Some(Duration::from_secs(30)))?;
    for linea in lector.lines() {
        if linea? == esperada {
            return Ok(());
        }
    }
    Err(Fallo { razon: NoLlega, detalle: format!("no llegó «{esperada}»") })
}
