//! La tabla: qué escenarios cumple cada paso, y por qué no los demás.
//!
//! Es la de `docs/escenarios.md`, y `cargo test` comprueba cada casilla: que lo que se cumple se cumple, y que
//! lo que no, falla por la razón que aquí se dice y por ninguna otra.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::escena::{CORTA, Escena, Resultado};
use crate::escenarios::{aparte, clase, cliente, fallos, limites, pareja, servidor};
use crate::programa::{Modo, se_pueden_contar_hilos};
use crate::razon::Razon;
use Necesita::{Hilos, Linux, Terminal, Tuberias, Unix};

/// Los pasos, en el orden de las columnas.
pub const PASOS: [&str; 15] =
    ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14", "final"];

/// Lo que se espera de un paso en un escenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Casilla {
    /// Lo cumple.
    Cumple,
    /// No lo cumple, por esta razón.
    Falla(Razon),
}

/// Qué necesita un escenario para poder verse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Necesita {
    /// Nada: vale con terminales y con tuberías, en cualquier sistema.
    Nada,
    /// Un terminal: teclas como Ctrl-C.
    Terminal,
    /// Tuberías: entradas que un terminal no deja pasar.
    Tuberias,
    /// Un sistema como Unix: límites a un proceso, y un corte que no borra lo ya recibido.
    Unix,
    /// Los ficheros de `/proc`.
    Linux,
    /// Un Linux que deja limitar los hilos de un programa.
    Hilos,
}

impl Necesita {
    /// De qué maneras se puede ver en este sistema; la primera, como lo vería una persona.
    #[must_use]
    pub fn modos(self) -> Vec<Modo> {
        match self {
            Self::Nada if cfg!(unix) => vec![Modo::Terminal, Modo::Tuberias],
            Terminal if cfg!(unix) => vec![Modo::Terminal],
            Self::Nada | Tuberias => vec![Modo::Tuberias],
            Unix if cfg!(unix) => vec![Modo::Tuberias],
            Linux if cfg!(target_os = "linux") => vec![Modo::Tuberias],
            Hilos if se_pueden_contar_hilos() => vec![Modo::Tuberias],
            Terminal | Unix | Linux | Hilos => vec![],
        }
    }
}

/// Una conducta del chat, y qué pasos la tienen.
pub struct Escenario {
    /// Cómo se llama: también es el nombre de su prueba.
    pub nombre: &'static str,
    /// La conducta, en una frase.
    pub frase: &'static str,
    /// Qué hace falta para verla.
    pub necesita: Necesita,
    /// Tarda: solo se prueba con `cargo test -- --ignored`.
    pub largo: bool,
    /// Cuándo deja de cumplirse depende de lo que guarde el sistema de cada socket: «todavía no» solo se
    /// comprueba en Unix.
    pub segun_el_sistema: bool,
    /// Lo que se espera a que se cumpla, cuando se prevé que no.
    pub corta: Duration,
    /// Cómo se comprueba.
    pub prueba: fn(&Escena) -> Resultado,
    /// De qué paso a qué paso no se cumple, los dos incluidos, y por qué; en los demás, se cumple.
    fallan: &'static [Falla],
}

/// De qué paso a qué paso, y por qué.
type Falla = (&'static str, &'static str, Razon);

impl Escenario {
    /// Por qué no se cumple, en los pasos en que no se cumple.
    pub fn razones(&self) -> impl Iterator<Item = &'static Razon> {
        let razones: BTreeSet<_> = self.fallan.iter().map(|(.., razon)| razon).collect();
        razones.into_iter()
    }

    /// Lo que se espera del paso que está en esta columna de [`PASOS`].
    #[must_use]
    pub fn casilla(&self, columna: usize) -> Casilla {
        let paso = PASOS[columna];
        // Así ordenados, los números van delante de «final».
        let falla = self.fallan.iter().find(|(desde, hasta, _)| (*desde..=*hasta).contains(&paso));
        falla.map_or(Casilla::Cumple, |(.., razon)| Casilla::Falla(razon.clone()))
    }

    const fn new(
        nombre: &'static str,
        prueba: fn(&Escena) -> Resultado,
        fallan: &'static [Falla],
        frase: &'static str,
    ) -> Self {
        let (necesita, corta) = (Necesita::Nada, CORTA);
        let (largo, segun_el_sistema) = (false, false);
        Self { nombre, frase, necesita, largo, segun_el_sistema, corta, prueba, fallan }
    }

    const fn necesita(mut self, que: Necesita) -> Self {
        self.necesita = que;
        self
    }

    /// Cumplirlo lleva su tiempo: si no, un «todavía no» sería no haber esperado.
    const fn tarda(mut self, segundos: u64) -> Self {
        self.corta = Duration::from_secs(segundos);
        self
    }

    const fn segun_el_sistema(mut self) -> Self {
        self.segun_el_sistema = true;
        self
    }

    const fn largo(mut self) -> Self {
        self.largo = true;
        self
    }
}

/// Cada fila, en dos líneas: el escenario y dónde está, en qué pasos no se cumple y por qué, y lo que
/// tenga de particular; y su frase.
macro_rules! tabla {
    ($($modulo:ident::$nombre:ident
        [$($desde:tt $(..=$hasta:tt)? $razon:ident),*] $($aparte:ident($($valor:expr)?))*
        $frase:literal;)*) => {
        /// Todos los escenarios, en el orden en que los pasos los van cumpliendo.
        pub const TABLA: &[Escenario] = &[$(Escenario::new(
            stringify!($nombre),
            $modulo::$nombre,
            &[$((
                stringify!($desde),
                [$(stringify!($hasta),)? stringify!($desde)][0],
                Razon::$razon,
            )),*],
            $frase,
        )$(.$aparte($($valor)?))*),*];
    };
}

tabla! {
    servidor::eco [03..=final SinEco]
        "Quien envía una línea la recibe de vuelta.";
    servidor::uno_tras_otro []
        "Cuando un cliente se va, se atiende al siguiente, y lo que dicen se ve en el servidor.";
    cliente::envia_y_muestra []
        "El cliente envía lo que se escribe, y muestra lo que le contestan.";
    pareja::direccion_de_siempre [] necesita(Tuberias)
        "Si no se dice otra cosa, los dos programas usan 127.0.0.1:12345.";
    servidor::dos_a_la_vez [01 NoAtiende]
        "Se oye al segundo cliente aunque el primero siga conectado.";
    servidor::caida_de_un_cliente [01 NoAtiende]
        "Si la conexión de un cliente se corta, el servidor sigue.";
    servidor::difusion [01 NoAtiende, 02 NoLlega]
        "Lo que dice uno lo reciben todos los demás, y él no.";
    servidor::mismo_orden_para_todos [01 NoAtiende, 02 NoLlega]
        "Aunque varios hablen a la vez, todos leen los mensajes en el mismo orden.";
    cliente::recibe_mientras_escribe [01..=02 SoloConIntro]
        "El cliente muestra lo que llega aunque se esté escribiendo una línea.";
    servidor::letra_partida [01 NoAtiende, 02 NoLlega]
        "Una letra que llega en dos envíos no se rompe.";
    fallos::bytes_sueltos [01 NoAtiende, 02 NoLlega]
        "Da igual cómo trocee la red: un mensaje byte a byte, o dos en el mismo envío.";
    fallos::lector_lento [01 NoAtiende, 02 NoLlega] tarda(2)
        "A quien lee de byte en byte mientras otro habla sin parar también le llega todo.";
    limites::ultimas_palabras [01 NoAtiende, 02 NoLlega] necesita(Unix)
        "Lo último que dice quien se va sin leer nada también llega.";
    fallos::media_conexion [01 NoAtiende, 02 NoLlega, 03 NoCierra]
        "Lo último que dice quien deja de hablar llega, y el servidor le cierra en orden.";
    servidor::olvida_al_que_se_va [03 NoCierra]
        "Cuando un cliente se va, el servidor cierra su socket.";
    limites::muchas_visitas [01 NoAtiende, 03 QuedanRestos] necesita(Linux)
        "Cien visitas, la mitad cortadas de golpe, no dejan hilos ni descriptores abiertos.";
    fallos::puerto_repetido [01 NoAtiende, 02 NoLlega] necesita(Unix)
        "Quien llega desde el mismo puerto que otro que se cortó no se va con él.";
    servidor::bienvenida [01..=03 SinBienvenida]
        "Quien llega recibe una bienvenida.";
    cliente::salir [01..=03 SalirNoCierra]
        "Al escribir `salir` (o `SALIR`, o con espacios), el cliente cierra y termina; la palabra no se envía.";
    servidor::salir_desconecta [01..=03 SalirNoDesconecta]
        "El servidor desconecta a quien envía `salir`, escrito así o no, y no se lo reenvía a nadie.";
    servidor::anuncia_la_salida [01..=03 NoDiceQuienSeVa]
        "El servidor dice quién se va, también si se corta.";
    fallos::cortes_en_cualquier_momento [01 NoAtiende, 02 NoLlega, 03 NoDiceQuienSeVa] necesita(Unix)
        "Quien se corta sin saludar, a media letra o a medio reparto no se lleva nada por delante.";
    cliente::fin_de_entrada [01..=02 NoEnviaTodo, 03 NoEnsenaLoUltimo]
        "Cuando se acaba la entrada, todo lo escrito se ha enviado y lo último que llega se ve.";
    cliente::salir_con_pantalla_lenta [01..=03 SalirNoCierra]
        "Quien escribe `salir` ve antes todo lo que le habían enviado, por lenta que sea su pantalla.";
    pareja::transcripcion [01..=03 SinBienvenida]
        "Un servidor y dos clientes enseñan, letra por letra, la captura del enunciado.";
    servidor::lineas_en_blanco [01 NoAtiende, 02 NoLlega, 03..=07 LineasEnBlanco]
        "Las líneas en blanco no se reenvían.";
    servidor::sin_salto_de_linea [01 NoAtiende, 02..=09 NoLlega]
        "El mensaje de quien no envía fines de línea llega tras un breve silencio.";
    fallos::silencio [01 NoAtiende, 02..=09 NoLlega]
        "Ese silencio dura 50 ms.";
    servidor::bytes_que_no_son_utf8 [01 NoAtiende, 02..=07 NoLlega]
        "Quien envía bytes que no son UTF-8 sigue en el chat, y los demás ven `�`.";
    servidor::mensaje_larguisimo [01 NoAtiende, 02 NoLlega, 03..=08 UnSoloMensaje] tarda(5)
        "Una línea de un mega llega entera, en mensajes de 1024 bytes como mucho.";
    fallos::mega_sin_fin_de_linea [01 NoAtiende, 02..=08 NoLlega]
        "Un mega sin fin de línea no espera en la memoria del servidor: se reenvía según llega.";
    servidor::caracteres_de_control [01 NoAtiende, 02 NoLlega, 03..=07 LlegaAlgoQueManda]
        "Nadie puede dar órdenes al terminal de otro: los caracteres de control se ven.";
    fallos::bytes_al_azar [01 NoAtiende, 02 NoLlega, 03..=07 LlegaAlgoQueManda] necesita(Tuberias)
        "Tres mil conexiones con bytes al azar no cuelan nada que mande, ni estropean el chat.";
    cliente::servidor_hostil [01..=07 LlegaAlgoQueManda]
        "Tampoco un servidor malintencionado puede dar órdenes al terminal del cliente.";
    cliente::servidor_sin_fines_de_linea [01..=09 EsperaFinDeLinea]
        "El cliente enseña cada mensaje de un servidor que no termina sus líneas.";
    fallos::linea_sin_fin [01..=08 GuardaLaLinea] necesita(Tuberias) tarda(5)
        "Un servidor que envía 10 MB sin fin de línea no llena la memoria del cliente.";
    cliente::entrada_de_cualquier_forma [01..=07 NoEnviaTodo] necesita(Tuberias)
        "El cliente envía tal cual bytes que no son UTF-8 y una línea de un mega.";
    fallos::sin_demora [01 NoAtiende, 02 NoLlega, 03..=05 EsperaAlAcuse] necesita(Linux)
        "Un mensaje corto no espera al acuse de recibo del anterior.";
    limites::cliente_que_no_lee [01 NoAtiende, 02..=12 DejanDeRecibir] tarda(5)
        "Dos clientes que no leen no impiden que los demás lo reciban todo.";
    aparte::lector_lento_aparte [01 NoAtiende, 02 NoLlega, 03..=12 EsperanAlLento]
        segun_el_sistema() necesita(Tuberias)
        "Quien lee despacio, con otro que habla sin parar, no hace esperar a los demás.";
    aparte::sordos_que_vuelven [01 NoAtiende, 02 NoLlega, 03..=12 EsperanAlLento]
        segun_el_sistema() necesita(Tuberias)
        "Tampoco los que no leen, se van y vuelven.";
    aparte::pantalla_congelada [01 NoAtiende, 02 NoLlega, 03..=14 EsperaALaPantalla]
        "La pantalla del servidor se congela, y el chat sigue; después dice cuánto no se ve.";
    limites::descriptores_agotados [01..=05 NoAvisa] necesita(Unix)
        "Si no caben más clientes, el servidor lo dice, sigue, y los atiende cuando hay sitio.";
    limites::hilos_agotados [01..=05 NoAvisa] necesita(Hilos)
        "Si no puede haber más hilos, el servidor lo dice, sigue, y atiende a otros cuando puede.";
    fallos::sin_pantalla [01..=03 SinBienvenida, 04 NoLlega] necesita(Unix)
        "Si se cierra la pantalla del servidor, o la de un cliente, el chat sigue.";
    cliente::servidor_caido [01..=06 EsperaAlTeclado]
        "Si el servidor desaparece, el cliente lo dice y termina solo.";
    fallos::servidor_que_no_cierra [01..=06 EsperaParaSiempre] tarda(3)
        "Al salir, el cliente no espera para siempre a un servidor que no cierra.";
    pareja::ctrl_c_servidor [01..=14 CtrlCLoMata] necesita(Terminal)
        "Con Ctrl-C, el servidor se despide, cierra todas las conexiones y termina bien.";
    fallos::ctrl_c_en_plena_avalancha [01..=14 CtrlCLoMata] necesita(Terminal)
        "Ctrl-C cierra enseguida aunque uno hable sin parar y otro no lea.";
    fallos::sigterm [01..=14 SigtermLoMata] necesita(Unix)
        "Cuando el sistema pide al servidor que termine (SIGTERM), se despide igual.";
    aparte::cierre_con_pantalla_congelada [01 NoAtiende, 02 NoLlega, 03..=14 EsperaALaPantalla] necesita(Unix)
        "Con la pantalla congelada, el servidor termina igual, en un momento.";
    cliente::ctrl_c_cliente [01..=06 CtrlCLoMata] necesita(Terminal)
        "Con Ctrl-C, el cliente se despide y termina bien.";
    pareja::puerto_ocupado [01..=04 ErrorOscuro]
        "Un segundo servidor en el mismo puerto dice qué pasa y qué se puede probar.";
    cliente::sin_servidor [01..=04 ErrorOscuro]
        "Un cliente sin servidor dice qué pasa y qué se puede probar.";
    pareja::direccion_incomprensible [01..=04 ErrorOscuro]
        "Si la dirección está mal escrita, el error la nombra y enseña una buena.";
    pareja::ayuda [01..=04 SinAyuda]
        "`--help` dice cómo se usa cada programa; una orden mal escrita, también.";
    limites::miles_de_visitas [01 NoAtiende, 03 QuedanRestos] necesita(Linux) largo()
        "Cinco mil visitas no dejan hilos, descriptores ni memoria.";
    clase::media_hora_de_clase [01 NoAtiende, 02..=03 SinBienvenida] necesita(Tuberias) largo()
        "En media hora de clase, cada uno recibe justo lo que le toca, en el orden de todos.";
    limites::diez_que_no_leen [01 NoAtiende, 02..=12 DejanDeRecibir] tarda(5) largo()
        "Con diez que no leen y 200 000 líneas, no se pierde ninguna ni se espera más de 2 s.";
    aparte::memoria_con_cien_lentos [01 NoAtiende, 02 NoLlega, 13 CreceLaMemoria] necesita(Linux) largo()
        "Diez que hablan sin parar y cien que leen despacio no llenan la memoria.";
}
