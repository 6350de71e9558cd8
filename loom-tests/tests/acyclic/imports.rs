//! Which file names something that another file defines.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ItemMod, ItemUse, Macro, VisRestricted, Visibility};

use crate::modules::{Crate, Module, Path, leaves};

/// For each file the files that it imports, with the names.
pub(crate) type Imports = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// In place of a name: every name that a module defines.
const GLOB: &str = "*";

/// Returns the imports between the files of a crate.
pub(crate) fn imports_of(krate: &Crate) -> Imports {
    let mut imports = Imports::new();
    for (path, module) in &krate.0 {
        let mut visitor = Visitor {
            krate,
            path,
            module,
            imports: &mut imports,
        };
        for item in &module.items {
            visitor.visit_item(item);
        }
    }
    imports
}

/// Visits the items of one module.
struct Visitor<'a> {
    krate: &'a Crate,
    path: &'a Path,
    module: &'a Module,
    imports: &'a mut Imports,
}

impl Visitor<'_> {
    fn import(&mut self, named: &[String]) {
        let Some(definition) = resolve(self.krate, self.path, named, 0) else {
            return;
        };
        let file = &self.krate.0[&definition.module].file;
        if *file != self.module.file {
            let files = self.imports.entry(self.module.file.clone()).or_default();
            let names = files.entry(file.clone()).or_default();
            names.insert(definition.name);
        }
    }

    /// Imports what the paths in unparsed tokens name.
    fn import_tokens(&mut self, tokens: TokenStream) {
        let mut path = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 && !path.is_empty() {
                        self.import(&std::mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                    colons = 0;
                    continue;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => {
                    colons += 1;
                    continue;
                }
                TokenTree::Group(group) => self.import_tokens(group.stream()),
                _ => {}
            }
            if !path.is_empty() {
                self.import(&std::mem::take(&mut path));
            }
            colons = 0;
        }
        if !path.is_empty() {
            self.import(&path);
        }
    }
}

impl<'ast> Visit<'ast> for Visitor<'_> {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        for (mut named, name) in leaves(&item.tree, &[]) {
            if name.is_none() {
                named.push(GLOB.to_owned());
            }
            let definition = resolve(self.krate, self.path, &named, 0);
            let is_descendant = definition.is_some_and(|it| it.module.starts_with(self.path));
            let is_private = matches!(item.vis, Visibility::Inherited);
            if is_private || !is_descendant {
                self.import(&named);
            }
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            let names: Vec<_> = path
                .segments
                .iter()
                .map(|part| part.ident.to_string())
                .collect();
            self.import(&names);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast Macro) {
        self.visit_path(&item.path);
        self.import_tokens(item.tokens.clone());
    }

    /// A module in a function would need a scope of its own: there is none.
    fn visit_item_mod(&mut self, _: &'ast ItemMod) {}

    /// `pub(in path)` imports nothing, and neither does an attribute.
    fn visit_vis_restricted(&mut self, _: &'ast VisRestricted) {}
    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

/// An item, or all items, of a module.
struct Definition {
    module: Path,
    name: String,
}

/// Returns the definition of what the module at `from` calls `named`; `None` if that is a
/// module, or is not of this crate.
fn resolve(krate: &Crate, from: &[String], named: &[String], depth: usize) -> Option<Definition> {
    // A `use` can refer to itself: of a macro, or of an extern crate with its own name.
    if depth > 16 {
        return None;
    }
    let (first, rest) = named.split_first()?;
    let (mut at, mut rest) = match first.as_str() {
        "crate" => (Vec::new(), rest),
        "self" => (from.to_vec(), rest),
        "super" => (from.split_last()?.1.to_vec(), rest),
        _ => (from.to_vec(), named),
    };
    while let Some((name, following)) = rest.split_first() {
        let module = krate.0.get(&at)?;
        let child = [&at[..], std::slice::from_ref(name)].concat();
        if name == "super" {
            at.pop()?;
        } else if krate.0.contains_key(&child) {
            at = child;
        } else if module.defined.contains(name) || name == GLOB {
            return Some(Definition {
                module: at,
                name: name.clone(),
            });
        } else if let Some(imported) = module.imported.get(name) {
            let path = [&imported[..], following].concat();
            return resolve(krate, &at, &path, depth + 1);
        } else {
            let mut globs = module.globs.iter();
            return globs.find_map(|glob| {
                let path = [&glob[..], rest].concat();
                resolve(krate, &at, &path, depth + 1)
            });
        }
        rest = following;
    }
    None
}
