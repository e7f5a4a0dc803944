//! Los consejos que acompañan a cada error.

use std::io::ErrorKind;

use chat::explicar;

#[test]
fn cada_fallo_de_la_red_lleva_su_consejo() {
    for (clase, consejo) in [
        (ErrorKind::AddrInUse, "(¿hay otro servidor en marcha?)"),
        (ErrorKind::AddrNotAvailable, "prueba con 127.0.0.1:12345)"),
        (ErrorKind::ConnectionRefused, "(¿está en marcha el servidor?)"),
        (ErrorKind::PermissionDenied, "mayor que 1023)"),
        (ErrorKind::InvalidInput, "una dirección es como 127.0.0.1:12345"),
        (ErrorKind::TimedOut, "(¿está bien escrita la dirección?)"),
    ] {
        let texto =
            format!("{:#}", explicar(clase.into(), "escuchar en 1.2.3.4:5"));
        assert!(
            texto.starts_with("no se puede escuchar en 1.2.3.4:5"),
            "{texto}"
        );
        assert!(texto.contains(consejo), "{clase:?}: {texto}");
    }
}
