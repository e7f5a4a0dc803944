//! Por qué un paso no cumple un escenario.

use std::borrow::Cow;
use std::fmt;

/// Declara las razones de la tabla, cada una con lo que se lee de ella.
macro_rules! razones {
    ($($nombre:ident $frase:literal)*) => {
        /// Por qué no se cumple un escenario: una de las que la tabla prevé, u otra.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Razon {
            $(#[doc = $frase] $nombre,)*
            /// Una que ningún paso da: si aparece, algo va mal.
            Otra(Cow<'static, str>),
        }

        impl fmt::Display for Razon {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$nombre => $frase,)*
                    Self::Otra(frase) => frase,
                })
            }
        }

        impl<T: Into<Cow<'static, str>>> From<T> for Razon {
            fn from(frase: T) -> Self {
                match frase.into() {
                    $(frase if frase == $frase => Self::$nombre,)*
                    frase => Self::Otra(frase),
                }
            }
        }
    };
}

razones! {
    SinEco "el autor no recibe su línea"
    NoAtiende "no se atiende a quien llega"
    NoLlega "el mensaje no llega a los demás"
    SoloConIntro "no muestra nada hasta que se pulsa Intro"
    NoCierra "el servidor no cierra el socket"
    QuedanRestos "quedan hilos o descriptores de quien se fue"
    SinBienvenida "no hay bienvenida"
    SalirNoCierra "salir no cierra la conexión"
    SalirNoDesconecta "salir no desconecta"
    NoDiceQuienSeVa "el servidor no dice quién se va"
    NoEnviaTodo "no envía todo lo escrito"
    NoEnsenaLoUltimo "se va sin enseñar lo último"
    LineasEnBlanco "se reenvían líneas en blanco"
    UnSoloMensaje "llega en un solo mensaje"
    LlegaAlgoQueManda "llega un carácter que manda"
    EsperaFinDeLinea "no se ve hasta que llega un fin de línea"
    GuardaLaLinea "el cliente espera a que acabe la línea"
    EsperaAlAcuse "cada mensaje espera al acuse del anterior"
    DejanDeRecibir "los demás dejan de recibir"
    EsperanAlLento "los demás esperan a quien no lee"
    EsperaALaPantalla "el chat espera a la pantalla"
    NoAvisa "no avisa de que no caben más"
    EsperaAlTeclado "el cliente sigue esperando al teclado"
    EsperaParaSiempre "el cliente espera para siempre"
    CtrlCLoMata "Ctrl-C lo mata sin más"
    SigtermLoMata "SIGTERM lo mata sin más"
    ErrorOscuro "el error no se entiende"
    SinAyuda "no dice cómo se usa"
    CreceLaMemoria "la memoria crece"
}
