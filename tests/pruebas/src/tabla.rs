//! La tabla: qué escenarios cumple cada paso, y por qué no los demás.
//!
//! Es la del README, y `cargo test` comprueba cada casilla: que lo que se cumple se cumple, y que
//! lo que no, falla por la razón que aquí se dice y por ninguna otra.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::escena::{CORTA, Escena, NO_ATIENDE, NO_LLEGA, Resultado};
use crate::escenarios::{aparte, clase, cliente, fallos, limites, pareja, servidor};

/// Los pasos, en el orden de las columnas.
pub const PASOS: [&str; 15] =
    ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14", "final"];

/// Lo que se espera de un paso en un escenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Casilla {
    /// Lo cumple.
    Cumple,
    /// No lo cumple, por esta razón.
    Falla(&'static str),
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
    pub prueba: fn(&Escena<'_>) -> Resultado,
    /// De qué paso a qué paso no se cumple, los dos incluidos, y por qué; en los demás, se cumple.
    fallan: &'static [Falla],
}

const fn escenario(
    nombre: &'static str,
    frase: &'static str,
    prueba: fn(&Escena<'_>) -> Resultado,
    fallan: &'static [Falla],
) -> Escenario {
    Escenario {
        nombre,
        frase,
        necesita: Necesita::Nada,
        largo: false,
        segun_el_sistema: false,
        corta: CORTA,
        prueba,
        fallan,
    }
}

/// De qué paso a qué paso, y por qué.
type Falla = (&'static str, &'static str, &'static str);

impl Escenario {
    /// Por qué no se cumple, en los pasos en que no se cumple.
    pub fn razones(&self) -> impl Iterator<Item = &'static str> {
        let razones: BTreeSet<_> = self.fallan.iter().map(|(.., razon)| *razon).collect();
        razones.into_iter()
    }

    /// Lo que se espera del paso que está en esta columna de [`PASOS`].
    #[must_use]
    pub fn casilla(&self, columna: usize) -> Casilla {
        let paso = PASOS[columna];
        // Así ordenados, los números van delante de «final».
        let falla = self.fallan.iter().find(|(desde, hasta, _)| (*desde..=*hasta).contains(&paso));
        falla.map_or(Casilla::Cumple, |(.., razon)| Casilla::Falla(razon))
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

/// Todos los escenarios, en el orden en que los pasos los van cumpliendo.
pub const TABLA: &[Escenario] = &[
    escenario(
        "eco",
        "Quien envía una línea la recibe de vuelta.",
        servidor::eco,
        &[("03", "final", "el autor no recibe su línea")],
    ),
    escenario(
        "direccion_de_siempre",
        "Si no se dice otra cosa, los dos programas usan 127.0.0.1:12345.",
        pareja::direccion_de_siempre,
        &[],
    )
    .necesita(Necesita::Tuberias),
    escenario(
        "dos_a_la_vez",
        "Se oye al segundo cliente aunque el primero siga conectado.",
        servidor::dos_a_la_vez,
        &[("01", "01", NO_ATIENDE)],
    ),
    escenario(
        "caida_de_un_cliente",
        "Si la conexión de un cliente se corta, el servidor sigue.",
        servidor::caida_de_un_cliente,
        &[("01", "01", NO_ATIENDE)],
    ),
    escenario(
        "difusion",
        "Lo que dice uno lo reciben todos los demás, y él no.",
        servidor::difusion,
        &[("01", "01", NO_ATIENDE), ("02", "02", NO_LLEGA)],
    ),
    escenario(
        "mismo_orden_para_todos",
        "Aunque varios hablen a la vez, todos leen los mensajes en el mismo orden.",
        servidor::mismo_orden_para_todos,
        &[("01", "01", NO_ATIENDE), ("02", "02", NO_LLEGA)],
    ),
    escenario(
        "recibe_mientras_escribe",
        "El cliente muestra lo que llega aunque se esté escribiendo una línea.",
        cliente::recibe_mientras_escribe,
        &[("01", "02", "no muestra nada hasta que se pulsa Intro")],
    ),
    escenario(
        "letra_partida",
        "Una letra que llega en dos envíos no se rompe.",
        servidor::letra_partida,
        &[("01", "01", NO_ATIENDE), ("02", "02", NO_LLEGA)],
    ),
    escenario(
        "bytes_sueltos",
        "Da igual cómo trocee la red: un mensaje byte a byte, o dos en el mismo envío.",
        fallos::bytes_sueltos,
        &[("01", "01", NO_ATIENDE), ("02", "02", NO_LLEGA)],
    ),
    escenario(
        "lector_lento",
        "A quien lee de byte en byte mientras otro habla sin parar también le llega todo.",
        fallos::lector_lento,
        &[("01", "01", NO_ATIENDE), ("02", "02", NO_LLEGA)],
    ),
    escenario(
        "ultimas_palabras",
        "Lo último que dice quien se va sin leer nada también llega.",
        limites::ultimas_palabras,
        &[("01", "01", NO_ATIENDE), ("02", "02", NO_LLEGA)],
    )
    .necesita(Necesita::Unix),
    escenario(
        "media_conexion",
        "Lo último que dice quien deja de hablar llega, y el servidor le cierra en orden.",
        fallos::media_conexion,
        &[
            ("01", "01", NO_ATIENDE),
            ("02", "02", NO_LLEGA),
            ("03", "03", "el servidor no cierra el socket"),
        ],
    ),
    escenario(
        "olvida_al_que_se_va",
        "Cuando un cliente se va, el servidor cierra su socket.",
        servidor::olvida_al_que_se_va,
        &[("03", "03", "el servidor no cierra el socket")],
    ),
    escenario(
        "muchas_visitas",
        "Cien visitas, la mitad cortadas de golpe, no dejan hilos ni descriptores abiertos.",
        limites::muchas_visitas,
        &[("01", "01", NO_ATIENDE), ("03", "03", "quedan hilos o descriptores de quien se fue")],
    )
    .necesita(Necesita::Linux),
    escenario(
        "puerto_repetido",
        "Quien llega desde el mismo puerto que otro que se cortó no se va con él.",
        fallos::puerto_repetido,
        &[("01", "01", NO_ATIENDE), ("02", "02", NO_LLEGA)],
    )
    .necesita(Necesita::Unix),
    escenario(
        "bienvenida",
        "Quien llega recibe una bienvenida.",
        servidor::bienvenida,
        &[("01", "03", "no hay bienvenida")],
    ),
    escenario(
        "salir",
        "Al escribir `salir`, el cliente cierra la conexión y termina; la palabra no se envía.",
        cliente::salir,
        &[("01", "03", "salir no cierra la conexión")],
    ),
    escenario(
        "salir_desconecta",
        "El servidor desconecta a quien envía `salir`, y no se lo reenvía a nadie.",
        servidor::salir_desconecta,
        &[("01", "03", "salir no desconecta")],
    ),
    escenario(
        "anuncia_la_salida",
        "El servidor dice quién se va, también si se corta.",
        servidor::anuncia_la_salida,
        &[("01", "03", "el servidor no dice quién se va")],
    ),
    escenario(
        "cortes_en_cualquier_momento",
        "Quien se corta sin saludar, a media letra o a medio reparto no se lleva nada por delante.",
        fallos::cortes_en_cualquier_momento,
        &[
            ("01", "01", NO_ATIENDE),
            ("02", "02", NO_LLEGA),
            ("03", "03", "el servidor no dice quién se va"),
        ],
    )
    .necesita(Necesita::Unix),
    escenario(
        "fin_de_entrada",
        "Cuando se acaba la entrada, todo lo escrito se ha enviado y lo último que llega se ve.",
        cliente::fin_de_entrada,
        &[("01", "02", "no envía todo lo escrito"), ("03", "03", "se va sin enseñar lo último")],
    ),
    escenario(
        "salir_con_pantalla_lenta",
        "Quien escribe `salir` ve antes todo lo que le habían enviado, por lenta que sea su pantalla.",
        cliente::salir_con_pantalla_lenta,
        &[("01", "03", "salir no cierra la conexión")],
    ),
    escenario(
        "transcripcion",
        "Un servidor y dos clientes enseñan, letra por letra, la captura del enunciado.",
        pareja::transcripcion,
        &[("01", "03", "no hay bienvenida")],
    ),
    escenario(
        "lineas_en_blanco",
        "Las líneas en blanco no se reenvían.",
        servidor::lineas_en_blanco,
        &[
            ("01", "01", NO_ATIENDE),
            ("02", "02", NO_LLEGA),
            ("03", "07", "se reenvían líneas en blanco"),
        ],
    ),
    escenario(
        "sin_salto_de_linea",
        "El mensaje de quien no envía fines de línea llega tras un breve silencio.",
        servidor::sin_salto_de_linea,
        &[("01", "01", NO_ATIENDE), ("02", "09", NO_LLEGA)],
    ),
    escenario(
        "silencio",
        "Ese silencio dura 50 ms.",
        fallos::silencio,
        &[("01", "01", NO_ATIENDE), ("02", "09", NO_LLEGA)],
    ),
    escenario(
        "bytes_que_no_son_utf8",
        "Quien envía bytes que no son UTF-8 sigue en el chat, y los demás ven `�`.",
        servidor::bytes_que_no_son_utf8,
        &[("01", "01", NO_ATIENDE), ("02", "07", NO_LLEGA)],
    ),
    escenario(
        "mensaje_larguisimo",
        "Una línea de un mega llega entera, en mensajes de 1024 bytes como mucho.",
        servidor::mensaje_larguisimo,
        &[
            ("01", "01", NO_ATIENDE),
            ("02", "02", NO_LLEGA),
            ("03", "08", "llega en un solo mensaje"),
        ],
    ),
    escenario(
        "mega_sin_fin_de_linea",
        "Un mega sin fin de línea no espera en la memoria del servidor: se reenvía según llega.",
        fallos::mega_sin_fin_de_linea,
        &[("01", "01", NO_ATIENDE), ("02", "08", NO_LLEGA)],
    ),
    escenario(
        "caracteres_de_control",
        "Nadie puede dar órdenes al terminal de otro: los caracteres de control se ven.",
        servidor::caracteres_de_control,
        &[
            ("01", "01", NO_ATIENDE),
            ("02", "02", NO_LLEGA),
            ("03", "07", "llega un carácter que manda"),
        ],
    ),
    escenario(
        "bytes_al_azar",
        "Tres mil conexiones con bytes al azar no cuelan nada que mande, ni estropean el chat.",
        fallos::bytes_al_azar,
        &[
            ("01", "01", NO_ATIENDE),
            ("02", "02", NO_LLEGA),
            ("03", "07", "llega un carácter que manda"),
        ],
    )
    .necesita(Necesita::Tuberias),
    escenario(
        "servidor_hostil",
        "Tampoco un servidor malintencionado puede dar órdenes al terminal del cliente.",
        cliente::servidor_hostil,
        &[("01", "07", "llega un carácter que manda")],
    ),
    escenario(
        "servidor_sin_fines_de_linea",
        "El cliente enseña cada mensaje de un servidor que no termina sus líneas.",
        cliente::servidor_sin_fines_de_linea,
        &[("01", "09", "no se ve hasta que llega un fin de línea")],
    ),
    escenario(
        "linea_sin_fin",
        "Un servidor que envía 10 MB sin fin de línea no llena la memoria del cliente.",
        fallos::linea_sin_fin,
        &[("01", "08", "el cliente espera a que acabe la línea")],
    )
    .necesita(Necesita::Tuberias),
    escenario(
        "entrada_de_cualquier_forma",
        "El cliente envía tal cual bytes que no son UTF-8 y una línea de un mega.",
        cliente::entrada_de_cualquier_forma,
        &[("01", "07", "no envía todo lo escrito")],
    )
    .necesita(Necesita::Tuberias),
    escenario(
        "sin_demora",
        "Un mensaje corto no espera al acuse de recibo del anterior.",
        fallos::sin_demora,
        &[
            ("01", "01", NO_ATIENDE),
            ("02", "02", NO_LLEGA),
            ("03", "05", "cada mensaje espera al acuse del anterior"),
        ],
    )
    .necesita(Necesita::Linux),
    escenario(
        "cliente_que_no_lee",
        "Dos clientes que no leen no impiden que los demás lo reciban todo.",
        limites::cliente_que_no_lee,
        &[("01", "01", NO_ATIENDE), ("02", "12", "los demás dejan de recibir")],
    )
    .tarda(5),
    escenario(
        "lector_lento_aparte",
        "Quien lee despacio, con otro que habla sin parar, no hace esperar a los demás.",
        aparte::lector_lento_aparte,
        &[
            ("01", "01", NO_ATIENDE),
            ("02", "02", NO_LLEGA),
            ("03", "12", "los demás esperan a quien no lee"),
        ],
    )
    .segun_el_sistema()
    .necesita(Necesita::Tuberias),
    escenario(
        "sordos_que_vuelven",
        "Tampoco los que no leen, se van y vuelven.",
        aparte::sordos_que_vuelven,
        &[
            ("01", "01", NO_ATIENDE),
            ("02", "02", NO_LLEGA),
            ("03", "12", "los demás esperan a quien no lee"),
        ],
    )
    .segun_el_sistema()
    .necesita(Necesita::Tuberias),
    escenario(
        "pantalla_congelada",
        "La pantalla del servidor se congela, y el chat sigue; después dice cuánto no se ve.",
        aparte::pantalla_congelada,
        &[
            ("01", "01", NO_ATIENDE),
            ("02", "02", NO_LLEGA),
            ("03", "14", "el chat espera a la pantalla"),
        ],
    ),
    escenario(
        "descriptores_agotados",
        "Si no caben más clientes, el servidor lo dice, sigue, y los atiende cuando hay sitio.",
        limites::descriptores_agotados,
        &[("01", "05", "no avisa de que no caben más")],
    )
    .necesita(Necesita::Unix),
    escenario(
        "hilos_agotados",
        "Si no puede haber más hilos, el servidor lo dice, sigue, y atiende a otros cuando puede.",
        limites::hilos_agotados,
        &[("01", "05", "no avisa de que no caben más")],
    )
    .necesita(Necesita::Hilos),
    escenario(
        "sin_pantalla",
        "Si se cierra la pantalla del servidor, o la de un cliente, el chat sigue.",
        fallos::sin_pantalla,
        &[("01", "03", "no hay bienvenida"), ("04", "04", NO_LLEGA)],
    )
    .necesita(Necesita::Unix),
    escenario(
        "servidor_caido",
        "Si el servidor desaparece, el cliente lo dice y termina solo.",
        cliente::servidor_caido,
        &[("01", "06", "el cliente sigue esperando al teclado")],
    ),
    escenario(
        "servidor_que_no_cierra",
        "Al salir, el cliente no espera para siempre a un servidor que no cierra.",
        fallos::servidor_que_no_cierra,
        &[("01", "06", "el cliente espera para siempre")],
    )
    .tarda(3),
    escenario(
        "ctrl_c_servidor",
        "Con Ctrl-C, el servidor se despide, cierra todas las conexiones y termina bien.",
        pareja::ctrl_c_servidor,
        &[("01", "14", "Ctrl-C lo mata sin más")],
    )
    .necesita(Necesita::Terminal),
    escenario(
        "ctrl_c_en_plena_avalancha",
        "Ctrl-C cierra enseguida aunque uno hable sin parar y otro no lea.",
        fallos::ctrl_c_en_plena_avalancha,
        &[("01", "14", "Ctrl-C lo mata sin más")],
    )
    .necesita(Necesita::Terminal),
    escenario(
        "sigterm",
        "Cuando el sistema pide al servidor que termine (SIGTERM), se despide igual.",
        fallos::sigterm,
        &[("01", "14", "SIGTERM lo mata sin más")],
    )
    .necesita(Necesita::Unix),
    escenario(
        "cierre_con_pantalla_congelada",
        "Con la pantalla congelada, el servidor termina igual, en un momento.",
        aparte::cierre_con_pantalla_congelada,
        &[
            ("01", "01", NO_ATIENDE),
            ("02", "02", NO_LLEGA),
            ("03", "14", "el chat espera a la pantalla"),
        ],
    )
    .necesita(Necesita::Unix),
    escenario(
        "ctrl_c_cliente",
        "Con Ctrl-C, el cliente se despide y termina bien.",
        cliente::ctrl_c_cliente,
        &[("01", "06", "Ctrl-C lo mata sin más")],
    )
    .necesita(Necesita::Terminal),
    escenario(
        "puerto_ocupado",
        "Un segundo servidor en el mismo puerto dice qué pasa y qué se puede probar.",
        pareja::puerto_ocupado,
        &[("01", "04", "el error no se entiende")],
    ),
    escenario(
        "sin_servidor",
        "Un cliente sin servidor dice qué pasa y qué se puede probar.",
        cliente::sin_servidor,
        &[("01", "04", "el error no se entiende")],
    ),
    escenario(
        "direccion_incomprensible",
        "Si la dirección está mal escrita, el error la nombra y enseña una buena.",
        pareja::direccion_incomprensible,
        &[("01", "04", "el error no se entiende")],
    ),
    escenario(
        "ayuda",
        "`--help` dice cómo se usa cada programa; una orden mal escrita, también.",
        pareja::ayuda,
        &[("01", "04", "no dice cómo se usa")],
    ),
    escenario(
        "miles_de_visitas",
        "Cinco mil visitas no dejan hilos, descriptores ni memoria.",
        limites::miles_de_visitas,
        &[("01", "01", NO_ATIENDE), ("03", "03", "quedan hilos o descriptores de quien se fue")],
    )
    .necesita(Necesita::Linux)
    .largo(),
    escenario(
        "media_hora_de_clase",
        "En media hora de clase, cada uno recibe justo lo que le toca, en el orden de todos.",
        clase::media_hora_de_clase,
        &[("01", "01", NO_ATIENDE), ("02", "03", "no hay bienvenida")],
    )
    .necesita(Necesita::Tuberias)
    .largo(),
    escenario(
        "diez_que_no_leen",
        "Con diez que no leen y 200 000 líneas, no se pierde ninguna ni se espera más de 2 s.",
        limites::diez_que_no_leen,
        &[("01", "01", NO_ATIENDE), ("02", "12", "los demás dejan de recibir")],
    )
    .tarda(5)
    .largo(),
    escenario(
        "memoria_con_cien_lentos",
        "Diez que hablan sin parar y cien que leen despacio no llenan la memoria.",
        aparte::memoria_con_cien_lentos,
        &[("01", "01", NO_ATIENDE), ("02", "02", NO_LLEGA), ("13", "13", "la memoria crece")],
    )
    .necesita(Necesita::Linux)
    .largo(),
];
