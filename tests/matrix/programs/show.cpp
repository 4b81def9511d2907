// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <iostream>
#include <string>

int main() {
    const char* value = std::getenv("DB_PASSWORD");
    std::cout << (value != nullptr ? value : "(absent)") << std::endl;
    for (std::string line; std::getline(std::cin, line);) {}
    return 7;
}
