// SPDX-License-Identifier: Apache-2.0
#include "daemons/secretd/configuration.h"

#include <gtest/gtest.h>

namespace ct::secretd {
namespace {

const std::string kPin(64, 'a');

// A whole file, with more lines at the end of its [openbao].
std::string file(const std::string& top, const std::string& openbao) {
    return top + "[gate]\npins = [\"" + kPin +
           "\"]\n"
           "[openbao]\nhost = \"bao.example\"\nca = \"/ca.pem\"\n" +
           openbao;
}

Result<Configuration> parse(const std::string& text) {
    auto document = config::Document::parse(text, "s.toml");
    if (!document) return std::unexpected(document.error());
    return parse_configuration(document->root());
}

TEST(SecretdConfiguration, HasDefaultsForAllThatNeedNotBeSaid) {
    const auto configuration = parse(file("", ""));
    ASSERT_TRUE(configuration) << configuration.error().to_string();
    EXPECT_EQ(configuration->vault_port, 8200);
    EXPECT_TRUE(configuration->mounts.empty());
    EXPECT_EQ(configuration->release_time, limits::kReleaseTime);
    EXPECT_EQ(configuration->node_certificate, "/etc/cloudtaser/node.crt");
    EXPECT_EQ(configuration->node_key, "/etc/cloudtaser/node.key");
}

TEST(SecretdConfiguration, ReadsWhatIsSaid) {
    const auto configuration =
        parse(file("release_timeout = \"9s\"\n", "port = 8201\nnamespace = \"team\"\n[openbao.mounts]\nold = 1\n"));
    ASSERT_TRUE(configuration) << configuration.error().to_string();
    EXPECT_EQ(configuration->vault_port, 8201);
    EXPECT_EQ(configuration->vault_namespace, "team");
    EXPECT_EQ(configuration->mounts.at("old"), 1);
    EXPECT_EQ(configuration->release_time, Seconds{9});
}

TEST(SecretdConfiguration, TheIdentityMayLieElsewhere) {
    const auto configuration = parse("[gate]\npins = [\"" + kPin +
                                     "\"]\ncertificate = \"/n.crt\"\nkey = \"/n.key\"\n"
                                     "[openbao]\nhost = \"bao.example\"\nca = \"/ca.pem\"\n");
    ASSERT_TRUE(configuration) << configuration.error().to_string();
    EXPECT_EQ(configuration->node_certificate, "/n.crt");
    EXPECT_EQ(configuration->node_key, "/n.key");
}

TEST(SecretdConfiguration, EveryMistakeIsNamedWithItsLine) {
    const struct {
        std::string text, says;
    } cases[] = {
        {"", "'gate' is missing"},
        {file("gates = 1\n", ""), "s.toml:1: gates: unknown key"},
        {file("release_timeout = \"25s\"\n", ""), "s.toml:1: release_timeout: "},
        {file("step_timeout = \"0s\"\n", ""), "s.toml:1: step_timeout: "},
        {file("", "port = 65536\n"), "s.toml:6: openbao.port: "},
        {file("", "mounts = \"old\"\n"), "s.toml:6: openbao.mounts: expected a table"},
        {file("", "[openbao.mounts]\nold = 3\n"), "s.toml:7: openbao.mounts.old: "},
        {"openbao = 1\n" + file("", "").substr(0, file("", "").find("[openbao]")),
         "s.toml:1: openbao: expected a table"},
        {"gate = 1\n" + file("", "").substr(file("", "").find("[openbao]")), "s.toml:1: gate: expected a table"},
    };
    for (const auto& bad : cases) {
        SCOPED_TRACE(bad.text);
        const auto result = parse(bad.text);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().reason, Reason::config_invalid);
        EXPECT_NE(result.error().context.find(bad.says), std::string::npos) << result.error().context;
    }
}

}  // namespace
}  // namespace ct::secretd
