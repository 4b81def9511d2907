// SPDX-License-Identifier: Apache-2.0
// A certificate authority for one test, made by the openssl program.
#pragma once

#include <string>

#include "base/result.h"
#include "support/process.h"

namespace ct::test {

class Authority {
public:
    static Result<Authority> create();
    [[nodiscard]] std::string file(const std::string& name) const { return directory_.file(name); }
    [[nodiscard]] const std::string& path() const { return directory_.path(); }
    [[nodiscard]] std::string ca_file() const { return file("ca.pem"); }

    struct Identity {
        std::string certificate_file, key_file;
    };
    // For 127.0.0.1 and localhost; made by create().
    [[nodiscard]] Identity server() const { return {file("server.pem"), file("server.key")}; }
    // Over the same key: past its validity, and for another host.
    [[nodiscard]] Result<Identity> expired() const;
    [[nodiscard]] Result<Identity> other_host() const;

private:
    Authority() = default;
    [[nodiscard]] Result<Identity> issue(const std::string& name, const std::string& names,
                                         const std::string& dates) const;
    TempDir directory_;
};

}  // namespace ct::test
