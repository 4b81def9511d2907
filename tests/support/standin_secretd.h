// SPDX-License-Identifier: Apache-2.0
// Stands in for cloudtaser-secretd where a test is about the launcher and the guard: the same interfaces on a private bus and on
// the session's line, secrets from a table, and every answer under the test's control. Not part of any product binary.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "support/private_bus.h"
#include "support/process.h"

namespace ct::test {

class StandInSecretd {
public:
    struct Secret {
        std::string value;
        bool rearm = true;
    };
    using Secrets = std::map<std::string, Secret>;

    static Result<std::unique_ptr<StandInSecretd>> start(Secrets secrets);
    ~StandInSecretd();
    StandInSecretd(const StandInSecretd&) = delete;
    StandInSecretd& operator=(const StandInSecretd&) = delete;

    [[nodiscard]] std::map<std::string, std::string> environment() const { return bus_.environment(); }

    // From the next arming on.
    void set(const std::string& name, Secret secret);
    // Answers to come; nullopt: as usual.
    void refuse_sessions(std::optional<Error> error);
    void refuse_arming(std::optional<Error> error);
    // Armings wait until it is called with false.
    void hold_arming(bool held);
    // Closes all lines, as a revocation does.
    void end_sessions();
    // What OpenSession got last: workload, and the variables of its "env" option.
    [[nodiscard]] std::string workload() const;
    [[nodiscard]] std::map<std::string, std::string> asked() const;
    [[nodiscard]] int armed() const;
    // True once no line is open, within `most`.
    bool all_lines_closed_within(Millis most);

private:
    struct Service;
    StandInSecretd(PrivateBus bus, std::unique_ptr<Service> service);
    PrivateBus bus_;
    std::unique_ptr<Service> service_;
};

}  // namespace ct::test
