// SPDX-License-Identifier: Apache-2.0
// The verdict on files, as cloudtaser-attest gives it, with every part of them open to change.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "clients/attest/appraise.h"
#include "clients/attest/exhibit.h"

namespace ct::test {

struct FileVerdict {
    Bytes file;
    attest_tool::Beside beside;
    attest_tool::Expected expected;
    attest_tool::Rules rules;
    judge::Makers makers{{}, {}, WallTime::max(), {}, 0};
    WallTime at;

    // `policy` is one TOML file of kind tables, `maker` what it names as maker.pem.
    void judge_by(const std::string& kind, const std::string& policy, const std::string& maker = {}) {
        auto loaded = attest_tool::load_rules({{"maker.pem", maker, ""}, {"p.toml", policy, "p.toml"}}, "", kind, "");
        ASSERT_TRUE(loaded) << loaded.error().to_string();
        rules = std::move(*loaded);
    }
    [[nodiscard]] judge::Decision decision() const {
        const auto exhibit = attest_tool::exhibit_of(file, beside, expected);
        if (exhibit) return attest_tool::appraise(*exhibit, rules, makers, at);
        judge::Decision refused;
        refused.findings.push_back({exhibit.error().reason, exhibit.error().context});
        return refused;
    }
    [[nodiscard]] bool accepted() const { return decision().granted(); }
    // For a message: the first thing found.
    [[nodiscard]] std::string why() const {
        const auto found = decision().findings;
        return found.empty() ? "accepted" : std::string(to_string(found.front().reason)) + ": " + found.front().detail;
    }
};

}  // namespace ct::test
