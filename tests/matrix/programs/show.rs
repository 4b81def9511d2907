// SPDX-License-Identifier: Apache-2.0
use std::io::Write;

fn main() {
    let value = std::env::var("DB_PASSWORD").unwrap_or("(unset)".to_string());
    println!("ready");
    std::io::stdout().flush().unwrap();
    let mut line = String::new();
    if std::io::stdin().read_line(&mut line).unwrap_or(0) == 0 {
        std::process::exit(3);
    }
    println!("{}", value);
    std::process::exit(7);
}
