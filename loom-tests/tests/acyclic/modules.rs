//! The modules of a crate: what each declares, and where.

use std::collections::{BTreeMap, BTreeSet};

use syn::{Attribute, Item, ItemMod, UseTree};

/// Path of a module from the crate's root.
pub(crate) type Path = Vec<String>;

/// All modules of a crate.
pub(crate) struct Crate(pub(crate) BTreeMap<Path, Module>);

/// A module, inline or in a file of its own.
#[derive(Default)]
pub(crate) struct Module {
    pub(crate) file: String,
    pub(crate) items: Vec<Item>,
    /// Names of the items that the module defines.
    pub(crate) defined: BTreeSet<String>,
    /// What the module imports, by the name that it has here.
    pub(crate) imported: BTreeMap<String, Path>,
    /// The modules whose names it imports all.
    pub(crate) globs: Vec<Path>,
}

impl Crate {
    /// Reads the modules from the file of the crate's root on.
    ///
    /// # Panics
    ///
    /// Panics if a file of a module is missing or does not parse.
    pub(crate) fn read(root: &str, read: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut krate = Self(BTreeMap::new());
        let folder = folder_of(root);
        let text = read(root).unwrap_or_else(|| panic!("{root} is missing"));
        krate.add(Vec::new(), root, folder, parse(root, &text), read);
        krate
    }

    /// Adds a module and its children. `folder` is where the files of its children are.
    fn add(
        &mut self,
        path: Path,
        file: &str,
        folder: &str,
        items: Vec<Item>,
        read: &dyn Fn(&str) -> Option<String>,
    ) {
        let mut module = Module {
            file: file.to_owned(),
            ..Module::default()
        };
        for item in flatten(items) {
            match item {
                Item::Mod(child) => {
                    let name = child.ident.to_string();
                    let child_path = [&path[..], std::slice::from_ref(&name)].concat();
                    let child_folder = format!("{folder}/{name}");
                    let Some((_, items)) = child.content else {
                        // The children of `a/mod.rs` are in `a`, as those of `a.rs`. Those of a
                        // file that has a path of its own are beside it.
                        let (file, folder, text) = match named_file(&child, file) {
                            Some(file) => {
                                let text =
                                    read(&file).unwrap_or_else(|| panic!("{file} is missing"));
                                (file.clone(), folder_of(&file).to_owned(), text)
                            }
                            None => {
                                let (file, text) = find(&child, folder, read);
                                (file, child_folder, text)
                            }
                        };
                        self.add(child_path, &file, &folder, parse(&file, &text), read);
                        continue;
                    };
                    self.add(child_path, file, &child_folder, items, read);
                }
                Item::Use(item) => {
                    module.import(&item.tree, &[]);
                    module.items.push(Item::Use(item));
                }
                item => {
                    module.defined.extend(name_of(&item));
                    module.items.push(item);
                }
            }
        }
        self.0.insert(path, module);
    }
}

impl Module {
    fn import(&mut self, tree: &UseTree, prefix: &[String]) {
        for (path, name) in leaves(tree, prefix) {
            match name {
                Some(name) => {
                    self.imported.insert(name, path);
                }
                None => self.globs.push(path),
            }
        }
    }
}

/// Returns the paths of a `use`, each with its name here, or no name for a glob.
pub(crate) fn leaves(tree: &UseTree, prefix: &[String]) -> Vec<(Path, Option<String>)> {
    let with = |name: &syn::Ident| [prefix, &[name.to_string()]].concat();
    match tree {
        UseTree::Path(path) => leaves(&path.tree, &with(&path.ident)),
        UseTree::Group(group) => {
            let trees = group.items.iter();
            trees.flat_map(|tree| leaves(tree, prefix)).collect()
        }
        UseTree::Glob(_) => vec![(prefix.to_vec(), None)],
        UseTree::Name(name) if name.ident == "self" => {
            vec![(prefix.to_vec(), prefix.last().cloned())]
        }
        UseTree::Name(name) => vec![(with(&name.ident), Some(name.ident.to_string()))],
        UseTree::Rename(rename) if rename.ident == "self" => {
            vec![(prefix.to_vec(), Some(rename.rename.to_string()))]
        }
        UseTree::Rename(rename) => vec![(with(&rename.ident), Some(rename.rename.to_string()))],
    }
}

fn parse(file: &str, text: &str) -> Vec<Item> {
    let parsed = syn::parse_file(text);
    parsed
        .unwrap_or_else(|error| panic!("{file}: {error}"))
        .items
}

/// Returns the items without those of tests. Replaces macro calls by the items that they
/// are given, if they are given items (`cfg_std! { mod thread; }`).
fn flatten(items: Vec<Item>) -> Vec<Item> {
    let mut flat = Vec::new();
    for item in items {
        match item {
            Item::Mod(item) if is_test(&item.attrs) => {}
            Item::Macro(item) if item.ident.is_none() => {
                match syn::parse2::<syn::File>(item.mac.tokens.clone()) {
                    Ok(file) => flat.extend(flatten(file.items)),
                    Err(_) => flat.push(Item::Macro(item)),
                }
            }
            item => flat.push(item),
        }
    }
    flat
}

/// Whether the attributes contain a `cfg` of `test` that is not negated.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else {
            return false;
        };
        let text = list.tokens.to_string().replace(' ', "");
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        list.path.is_ident("cfg")
            && !text.contains("not(test")
            && words.into_iter().any(|w| w == "test")
    })
}

/// Returns the file that the `path` attribute of a module in `parent` names.
fn named_file(module: &ItemMod, parent: &str) -> Option<String> {
    let mut attributes = module.attrs.iter();
    attributes.find_map(|attribute| {
        let meta = attribute.meta.require_name_value().ok()?;
        let syn::Expr::Lit(literal) = &meta.value else {
            return None;
        };
        match &literal.lit {
            syn::Lit::Str(path) if meta.path.is_ident("path") => {
                Some(format!("{}/{}", folder_of(parent), path.value()))
            }
            _ => None,
        }
    })
}

fn folder_of(file: &str) -> &str {
    file.rsplit_once('/').map_or(".", |(folder, _)| folder)
}

/// Finds the file of a module that `folder` contains.
fn find(module: &ItemMod, folder: &str, read: &dyn Fn(&str) -> Option<String>) -> (String, String) {
    let name = &module.ident;
    let files = [
        format!("{folder}/{name}.rs"),
        format!("{folder}/{name}/mod.rs"),
    ];
    let found = files
        .iter()
        .find_map(|file| Some((file.clone(), read(file)?)));
    found.unwrap_or_else(|| panic!("{files:?}: there is no such file"))
}

fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}
