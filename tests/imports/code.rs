//! Scanner of source files: the paths that a file names, without comments and unit tests.

/// Code of a source file without comments and unit tests.
pub struct Code {
    /// Path relative to `src/`, with `/`.
    pub name: String,
    /// Path of the module.
    pub module: Vec<String>,
    pub code: String,
}

impl Code {
    pub fn new(name: &str, text: &str) -> Self {
        let code = text
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default();
        let lines = code.lines().map(|line| line.split("//").next().unwrap());
        // Fields and imports that only unit tests have.
        let mut for_tests = false;
        let lines = lines.filter(move |line| {
            let skipped = for_tests && line.trim_end().ends_with([',', ';']);
            for_tests = line.trim() == "#[cfg(test)]";
            !skipped
        });
        let path = name.strip_suffix(".rs").unwrap();
        let mut module: Vec<String> = path.split('/').map(str::to_owned).collect();
        if ["mod", "lib", "main"].contains(&module.last().unwrap().as_str()) {
            module.pop();
        }
        Self {
            name: name.to_owned(),
            module,
            code: lines.collect::<Vec<_>>().join("\n"),
        }
    }

    /// Returns the position of each occurrence of a word, with the code after the word.
    pub fn after<'a>(&'a self, word: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
        let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        self.code.match_indices(word).filter_map(move |(at, _)| {
            let (before, after) = (&self.code[..at], &self.code[at + word.len()..]);
            let whole = !is_part(before.chars().next_back()) && !is_part(after.chars().next());
            whole.then_some((at, after))
        })
    }

    pub fn has(&self, word: &str) -> bool {
        self.after(word).next().is_some()
    }

    /// Returns the names that a folder's `mod.rs` re-exports, as paths from the crate's root, and
    /// the rest of the file.
    pub fn face(&self) -> (Vec<Vec<String>>, Self) {
        let (mut face, mut rest) = (Vec::new(), String::new());
        let mut code = &self.code[..];
        let is_face = self.name.ends_with("mod.rs");
        while let Some(at) = code.find("use ").filter(|_| is_face) {
            let end = at + code[at..].find(';').expect("the end of a `use`") + 1;
            let before = code[..at].trim_end_matches(' ');
            let shown = before
                .lines()
                .next_back()
                .is_some_and(|line| line.starts_with("pub") && !before.ends_with('\n'));
            if shown {
                rest.push_str(before);
                let item = self.with(&code[at..end]);
                face.extend(item.paths());
                face.extend(item.inner_paths(|_| None));
                let path = code[at + "use ".len()..end].trim_start();
                if !["crate", "super", "self"]
                    .iter()
                    .any(|word| path.starts_with(word))
                {
                    expand(&self.module, path, &mut face);
                }
            } else {
                rest.push_str(&code[..end]);
            }
            code = &code[end..];
        }
        rest.push_str(code);
        (face, self.with(&rest))
    }

    /// Returns other code under the same file name.
    pub fn with(&self, code: &str) -> Self {
        Self {
            name: self.name.clone(),
            module: self.module.clone(),
            code: code.to_owned(),
        }
    }

    /// Returns every path that begins with `self`, or with the name of a child or imported module.
    pub fn inner_paths(&self, module: impl Fn(&str) -> Option<Vec<String>>) -> Vec<Vec<String>> {
        let mut paths = Vec::new();
        for (_, after) in self.after("self") {
            if let Some(rest) = after.strip_prefix("::") {
                expand(&self.module, rest, &mut paths);
            }
        }
        let words = self.code.match_indices("::").filter_map(|(at, _)| {
            let is_part = |c: char| c.is_alphanumeric() || c == '_';
            let start = self.code[..at]
                .rfind(|c| !is_part(c))
                .map_or(0, |before| before + 1);
            let within = self.code[..start].ends_with("::");
            (start < at && !within).then_some(start)
        });
        for start in words {
            let (name, rest) = self.code[start..].split_once("::").unwrap();
            if !["crate", "super", "self"].contains(&name)
                && let Some(module) = module(name)
            {
                expand(&module, rest, &mut paths);
            }
        }
        paths
    }

    /// Returns every named path from the crate's root, with `super` resolved.
    pub fn paths(&self) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        for (at, after) in self.after("crate") {
            if let Some(rest) = after.strip_prefix("::") {
                found.push((at, Vec::new(), rest));
            }
        }
        for (at, after) in self.after("super") {
            let (mut base, mut rest) = (self.module.clone(), after);
            if self.code[..at].ends_with("::") {
                continue; // Part of a longer path, which is found at its beginning.
            }
            base.pop();
            while let Some(further) = rest.strip_prefix("::super") {
                base.pop();
                rest = further;
            }
            if let Some(rest) = rest.strip_prefix("::") {
                found.push((at, base, rest));
            }
        }
        found.sort_by_key(|(at, ..)| *at);
        let mut paths = Vec::new();
        for (_, base, rest) in found {
            expand(&base, rest, &mut paths);
        }
        paths
    }
}

/// Reads one tree of a `use`, or a plain path, and returns the text after it.
fn expand<'a>(base: &[String], text: &'a str, paths: &mut Vec<Vec<String>>) -> &'a str {
    let mut path = base.to_vec();
    let mut text = text.trim_start();
    loop {
        if let Some(mut rest) = text.strip_prefix('{') {
            loop {
                rest = rest.trim_start();
                if let Some(after) = rest.strip_prefix('}') {
                    return after;
                }
                rest = expand(&path, rest, paths);
                // Skips the rest of the item: ` as name`.
                let end = rest.find([',', '}']).expect("a closed brace");
                rest = rest[end..].strip_prefix(',').unwrap_or(&rest[end..]);
            }
        }
        let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '*';
        let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
        path.push(text[..end].to_owned());
        match text[end..].strip_prefix("::") {
            Some(rest) if !rest.starts_with('<') => text = rest,
            _ => {
                paths.push(path);
                return &text[end..];
            }
        }
    }
}
