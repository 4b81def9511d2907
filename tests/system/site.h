// SPDX-License-Identifier: Apache-2.0
// The two machines of docs/quickstart.md, and what that page tells their administrator to do, done as it stands there.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "support/machine.h"

namespace ct::test {

// A block of the page:  ```sh vault  or  ```sh node  are commands for a machine;  ```sh node answers y  are such that ask
// the person at the terminal;  ```sh copy  has lines "scp MACHINE:FILE MACHINE:FILE". A block ```output after it has lines that the
// commands print, in this order; "…" stands for anything.
struct Step {
    std::string where;
    std::string answer;
    std::string commands;
    std::vector<std::string> expected;
    int line = 0;
};

std::vector<Step> read_guide(const std::string& file);

class Site {
public:
    // "now": the packages of the commit under test. "before": those of its parent.
    static std::optional<std::string> missing(const std::string& packages = "now");
    // Booted machines with the packages in /srv/packages, and nothing installed.
    static Result<std::unique_ptr<Site>> make(const std::string& packages = "now");
    // After the whole of docs/quickstart.md, as it was in the commit of the packages.
    static Result<std::unique_ptr<Site>> ready(const std::string& packages = "now");

    [[nodiscard]] Machine& vault() { return *vault_; }
    [[nodiscard]] Machine& node() { return *node_; }
    [[nodiscard]] Status follow(const Step& step);
    // All of /srv/packages is replaced by these.
    [[nodiscard]] Status bring_packages(const std::string& packages);
    // What the administrator of OpenBao would have to say: a command with its token, on the vault.
    [[nodiscard]] Machine::Outcome bao(const std::string& command) const;
    // What all units said on both machines, for the message of a failed test.
    [[nodiscard]] std::string journals() const;

private:
    Site() = default;
    [[nodiscard]] Result<Machine*> machine(const std::string& name);

    std::optional<Cable> cable_;
    std::unique_ptr<Machine> vault_, node_;
};

#define CT_NEEDS_SITE()                                                                                                \
    do {                                                                                                               \
        if (const auto why = ::ct::test::Site::missing()) GTEST_SKIP() << *why;                                        \
    } while (false)

}  // namespace ct::test
