//! Los enlaces llevan a alguna parte, y las líneas de código que nombran son las que dicen.

use curso::ficheros::{leer, raiz};
use curso::pagina::{Bloque, Clase, ORDEN, Pagina, actualizar, linea};

/// Comprueba los enlaces de una página; pone al día los números de línea, si se pide.
pub fn comprobar(nombre: &str) {
    let pagina = Pagina::leer(nombre);
    let mut cambios = Vec::new();
    for bloque in &pagina.bloques {
        let Clase::Enlace(enlace) = &bloque.clase else { continue };
        if enlace.starts_with("https://") {
            continue;
        }
        let lugar = pagina.lugar(bloque);
        let (fichero, destino) = enlace.split_once('#').unwrap_or((enlace, ""));
        let ruta = raiz().join(nombre);
        let ruta = if fichero.is_empty() { ruta } else { ruta.with_file_name("").join(fichero) };
        assert!(ruta.exists(), "{lugar}: enlaza {enlace}, que no existe");
        let numero = destino.strip_prefix('L').and_then(|numero| numero.parse::<usize>().ok());
        if let Some(numero) = numero {
            let codigo = codigo(bloque).unwrap_or_else(|| panic!("{lugar}: qué dice {enlace}"));
            let texto = leer(&ruta);
            let codigo = codigo.as_str();
            if texto.lines().nth(numero - 1).is_some_and(|linea| linea.contains(codigo)) {
                continue;
            }
            let veces = texto.matches(codigo).count();
            assert_eq!(veces, 1, "{lugar}: «{codigo}» está {veces} veces en {fichero}");
            let buena = texto.find(codigo).map_or(0, |byte| linea(&texto, byte));
            assert!(
                actualizar(),
                "{lugar}: «{codigo}» está en {fichero}#L{buena}; lo pone: {ORDEN}"
            );
            let texto = bloque.texto.replace(&format!("#L{numero})"), &format!("#L{buena})"));
            cambios.push((bloque.rango.clone(), texto));
        } else if !destino.is_empty() {
            let texto = leer(&ruta);
            let existe = texto
                .lines()
                .filter(|linea| linea.starts_with('#'))
                .any(|linea| ancla(linea.trim_start_matches('#')) == destino);
            assert!(existe, "{lugar}: enlaza {enlace}, y no hay tal apartado");
        }
    }
    if !cambios.is_empty() {
        pagina.reescribir(cambios);
    }
}

/// El código que da nombre a un enlace a una línea.
fn codigo(bloque: &Bloque) -> Option<String> {
    let resto = bloque.texto.strip_prefix("[`")?;
    // En una tabla, la barra lleva otra delante.
    Some(resto.split_once("`]")?.0.replace("\\|", "|"))
}

/// Cómo enlazan a un título los sitios que enseñan Markdown.
pub fn ancla(titulo: &str) -> String {
    titulo
        .trim()
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}
