//! The command line; see [`motcua::cli`].

fn main() -> std::process::ExitCode {
    motcua::cli::run()
}
