//! Imports between the files of the library, and the cycles among them.

use std::collections::{BTreeMap, BTreeSet};

use super::code::Code;

/// Imports between files.
pub struct Graph {
    pub imports: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    pub fn of(files: &[Code]) -> Self {
        let modules: BTreeMap<_, _> = files.iter().map(|file| (&file.module[..], file)).collect();
        let faces: BTreeMap<_, _> = files.iter().map(|file| (&file.name, file.face())).collect();
        let imports = files.iter().map(|file| {
            let (_, body) = &faces[&file.name];
            let paths = body.paths();
            // Child modules and imported modules, by their local names.
            let known: BTreeMap<_, _> = modules
                .keys()
                .filter(|module| {
                    module
                        .split_last()
                        .is_some_and(|(_, above)| above == file.module)
                })
                .map(|module| module.to_vec())
                .chain(paths.iter().cloned())
                .filter(|path| modules.contains_key(&path[..]))
                .filter_map(|path| Some((path.last()?.clone(), path)))
                .collect();
            let inner = body.inner_paths(|name| known.get(name).cloned());
            let paths = paths.into_iter().chain(inner);
            let found = paths.filter_map(|path| resolve(&path, &modules, &faces, 0));
            let others = found.filter(|other| *other != file.name);
            (file.name.clone(), others.collect())
        });
        Self {
            imports: imports.filter(|(name, _)| name != "lib.rs").collect(),
        }
    }

    /// Returns every file that `from` imports, directly or through other files.
    pub fn reach(&self, from: &str) -> BTreeSet<&String> {
        let mut found = BTreeSet::new();
        let mut next: Vec<_> = self.imports[from].iter().collect();
        while let Some(name) = next.pop() {
            if found.insert(name) {
                next.extend(self.imports.get(name).into_iter().flatten());
            }
        }
        found
    }

    /// Returns the groups of files that import each other.
    pub fn circles(&self) -> Vec<Vec<&String>> {
        let reach: BTreeMap<_, _> = self
            .imports
            .keys()
            .map(|name| (name, self.reach(name)))
            .collect();
        let mut circles = BTreeSet::new();
        for (name, reached) in &reach {
            if reached.contains(name) {
                let circle = reached.iter().filter(|other| {
                    let back = reach.get(**other);
                    back.is_some_and(|back| back.contains(name))
                });
                circles.insert(circle.copied().collect::<Vec<_>>());
            }
        }
        circles.into_iter().collect()
    }
}

/// Returns the file that defines the item of a path. Re-exports of a `mod.rs` are followed.
pub fn resolve(
    path: &[String],
    modules: &BTreeMap<&[String], &Code>,
    faces: &BTreeMap<&String, (Vec<Vec<String>>, Code)>,
    depth: usize,
) -> Option<String> {
    let file = (0..=path.len())
        .rev()
        .find_map(|len| Some((len, *modules.get(&path[..len])?)));
    let (len, file) = file?;
    if let Some(name) = path.get(len)
        && depth < 9
    {
        let (face, _) = &faces[&file.name];
        if let Some(path) = face.iter().find(|path| path.last() == Some(name)) {
            return resolve(path, modules, faces, depth + 1);
        }
    }
    Some(file.name.clone())
}
