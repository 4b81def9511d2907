// SPDX-License-Identifier: Apache-2.0
// All that a secret may look like where it should not be: as it is, in base64, in hexadecimal, in UTF-16, and any sixteen
// bytes of each of these.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/windows.h"

namespace ct::test {

class SecretScan {
public:
    void add(const std::string& name, std::string_view secret);

    struct Find {
        std::string name, form;
        std::size_t offset = 0, length = 0, at = 0;
        bool whole = false;  // all of it, in this form
        [[nodiscard]] std::string to_string() const;
    };
    [[nodiscard]] std::vector<Find> search(ByteView bytes) const;

private:
    void add_form(const std::string& name, const char* form, std::string_view text);
    struct Form {
        std::string name, form;
    };
    std::vector<Form> forms_;
    Windows windows_;
};

std::string describe(const std::vector<SecretScan::Find>& finds);

}  // namespace ct::test
