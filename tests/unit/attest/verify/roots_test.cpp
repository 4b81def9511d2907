// SPDX-License-Identifier: Apache-2.0
// What is compiled in is what attest/roots/README.md says it is.
#include "attest/roots/roots.h"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>

#include "codec/hex.h"
#include "crypto/x509.h"

namespace ct::attest {
namespace {

TEST(Roots, AreThoseOfTheReadme) {
    std::ifstream readme(CT_SOURCE_DIR "/attest/roots/README.md");
    const std::regex row(R"(\| `([a-z0-9-]+)\.pem` \|.*\| ([0-9-]{10}) \| `([0-9a-f]{64})` \|)");
    std::size_t rows = 0;
    for (std::string line; std::getline(readme, line);) {
        std::smatch match;
        if (!std::regex_match(line, match, row)) continue;
        ++rows;
        const auto certificate = crypto::Certificate::from_pem(maker_certificate(match[1].str()));
        ASSERT_TRUE(certificate) << line;
        EXPECT_EQ(hex_encode(crypto::sha256(certificate->der().value())), match[3].str()) << line;
        const auto day = std::chrono::floor<std::chrono::days>(certificate->not_after());
        const std::chrono::year_month_day date(day);
        char text[16];
        std::snprintf(text, sizeof text, "%04d-%02u-%02u", int{date.year()}, unsigned{date.month()},
                      unsigned{date.day()});
        EXPECT_EQ(text, match[2].str());
    }
    EXPECT_EQ(rows, 13U) << "each file has its row";
    EXPECT_TRUE(maker_certificate("amd-ark-rome").empty());
}

}  // namespace
}  // namespace ct::attest
