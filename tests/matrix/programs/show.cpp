// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <iostream>
#include <string>

int main() {
    const char* value = std::getenv("DB_PASSWORD");
    std::cout << "ready" << std::endl;
    std::string line;
    if (!std::getline(std::cin, line)) return 3;
    std::cout << (value != nullptr ? value : "(unset)") << std::endl;
    return 7;
}
