// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>

int main() {
    const char* value = std::getenv("DB_PASSWORD");
    if (value == nullptr || ::write(1, value, std::strlen(value)) < 0) return 1;
    std::cout << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
    }
    return 7;
}
