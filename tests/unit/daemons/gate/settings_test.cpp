// SPDX-License-Identifier: Apache-2.0
#include "daemons/gate/settings.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "attest/judge/policy_bundle.h"
#include "support/company.h"
#include "support/process.h"

namespace ct::gate {
namespace {

const std::string kSmallest = R"(listen = ["127.0.0.1:8443"]
[openbao]
address = "vault.example:8200"
ca = "/etc/ca.pem"
token = "/etc/token"
)";

Result<Settings> parse(const std::string& text) {
    auto document = config::Document::parse(text, "gate.toml");
    if (!document) return std::unexpected(document.error());
    return parse_settings(document->root());
}

TEST(Settings, TheSmallestFileHasDefaultsForAllElse) {
    const auto settings = parse(kSmallest);
    ASSERT_TRUE(settings) << settings.error().to_string();
    EXPECT_EQ(settings->listen, (std::vector<Endpoint>{{"127.0.0.1", 8443}}));
    EXPECT_EQ(settings->certificate, "/etc/cloudtaser/gate.crt");
    EXPECT_EQ(settings->key, "/etc/cloudtaser/gate.key");
    EXPECT_EQ(settings->policy, "/etc/cloudtaser/policy.d");
    EXPECT_EQ(settings->nodes_folder, "/etc/cloudtaser/nodes.d");
    EXPECT_EQ(settings->vault.host, "vault.example");
    EXPECT_EQ(settings->vault.token_file, "/etc/token");
    EXPECT_EQ(settings->records, RecordSettings{});
    EXPECT_FALSE(settings->records.drop_oldest);
}

TEST(Settings, EveryKeyIsRead) {
    const auto settings = parse(R"(listen = ["0.0.0.0:1", "[::]:2"]
certificate = "/c"
key = "/k"
policy = "/p"
nodes = "/n"
state = "/s"
[signed_policy]
signers = ["ed25519:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"]
needed = 1
[collateral]
file = "/b"
signers = ["ed25519:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "ed25519:3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"]
needed = 2
[openbao]
address = "[::1]:8200"
host = "vault.example"
ca = "/etc/ca.pem"
namespace = "team"
timeout = "3s"
token = "/etc/token"
[records]
folder = "/r"
most_mib = 10
most_age = "2d"
when_full = "drop-oldest"
[limits]
connections = 5
connections_per_address = 3
[[node]]
name = "n"
spki = "1111111111111111111111111111111111111111111111111111111111111111"
[audit]
[log]
)");
    ASSERT_TRUE(settings) << settings.error().to_string();
    EXPECT_EQ(settings->listen.size(), 2U);
    EXPECT_EQ(settings->certificate + settings->key + settings->policy + settings->nodes_folder, "/c/k/p/n");
    EXPECT_EQ(settings->vault,
              (VaultSettings{{"::1", 8200}, "vault.example", "/etc/ca.pem", "team", "/etc/token", Seconds{3}}));
    EXPECT_EQ(settings->records, (RecordSettings{"/r", 10 << 20, Seconds{2 * 86400}, true}));
    EXPECT_EQ(settings->state_folder, "/s");
    ASSERT_TRUE(settings->policy_signers);
    EXPECT_EQ(settings->policy_signers->needed, 1U);
    ASSERT_TRUE(settings->collateral);
    EXPECT_EQ(settings->collateral->file, "/b");
    EXPECT_EQ(settings->collateral->signers.keys.size(), 2U);
    EXPECT_EQ(settings->collateral->signers.needed, 2U);
    EXPECT_EQ(settings->connections, 5U);
    EXPECT_EQ(settings->connections_per_address, 3U);
}

TEST(Settings, RecordsOutliveWhateverAPolicyMayRelease) {
    const auto with = [](const std::string& ttl) {
        return judge::Policy::parse(
            {{"p.toml",
              "epoch = 1\n[workload.w]\nevidence = [\"tpm2\"]\ntoken_role = \"r\"\ntoken_ttl = \"" + ttl +
                  "\"\n[workload.w.tpm2]\nenrolled = true\npcrs = { \"7\" = \"" + std::string(64, '0') + "\" }\n",
              "p.toml"}});
    };
    const auto longest = with("24h");
    ASSERT_TRUE(longest) << longest.error().to_string();
    EXPECT_FALSE(with("25h"));
    EXPECT_GE(kLeastRecordAge, longest->find("w")->token_ttl + kTokenDelay);
}

struct Mistake {
    std::string name, find, replace, says;
};
class SettingsMistake : public testing::TestWithParam<Mistake> {};

TEST_P(SettingsMistake, IsRefusedWithItsPlace) {
    auto text = kSmallest;
    const auto at = text.find(GetParam().find);
    ASSERT_NE(at, std::string::npos);
    text.replace(at, GetParam().find.size(), GetParam().replace);
    const auto settings = parse(text);
    ASSERT_FALSE(settings);
    EXPECT_EQ(settings.error().reason, Reason::config_invalid);
    EXPECT_TRUE(settings.error().context.starts_with("gate.toml:")) << settings.error().context;
    EXPECT_NE(settings.error().context.find(GetParam().says), std::string::npos) << settings.error().context;
}

INSTANTIATE_TEST_SUITE_P(
    Table, SettingsMistake,
    testing::Values(
        Mistake{"NoListen", "listen = [\"127.0.0.1:8443\"]", "", "listen is required"},
        Mistake{"ListenOnAName", "127.0.0.1:8443", "localhost:8443", "IP address"},
        Mistake{"ListenWithoutPort", "127.0.0.1:8443", "127.0.0.1", "host:port"},
        Mistake{"ListenTwice", "[\"127.0.0.1:8443\"]", "[\"127.0.0.1:1\", \"127.0.0.1:1\"]", "twice"},
        Mistake{"UnknownKey", "[openbao]", "listn = 1\n[openbao]", "unknown key"},
        Mistake{"RelativePath", "[openbao]", "key = \"gate.key\"\n[openbao]", "absolute path"},
        Mistake{"NoVault",
                "[openbao]\naddress = \"vault.example:8200\"\nca = \"/etc/ca.pem\"\ntoken = \"/etc/token\"\n", "",
                "[openbao]"},
        Mistake{"NoAddress", "address = \"vault.example:8200\"\n", "", "address is required"},
        Mistake{"NoAuthority", "ca = \"/etc/ca.pem\"\n", "", "ca is required"},
        Mistake{"NoToken", "token = \"/etc/token\"\n", "", "LoadCredentialEncrypted"},
        Mistake{"TokenInTheFile", "\"/etc/token\"", "\"s.0123456789\"", "absolute path"},
        Mistake{"BadTimeout", "token = ", "timeout = 11\ntoken = ", "1s to 10s"},
        Mistake{"BadWhenFull", "[openbao]", "[records]\nwhen_full = \"ignore\"\n[openbao]", "drop-oldest"},
        Mistake{"BadAge", "[openbao]", "[records]\nmost_age = \"24h\"\n[openbao]", "25h or more"},
        Mistake{"NoRoom", "[openbao]", "[records]\nmost_mib = 0\n[openbao]", "number"},
        Mistake{"NoSigners", "[openbao]", "[collateral]\n[openbao]", "signers is required"},
        Mistake{"SignedWhere", "[openbao]",
                "[signed_policy]\nsigners = "
                "[\"ed25519:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\"]\nneeded = 1\n[openbao]",
                "say which file"},
        Mistake{
            "NobodySaysHowMany", "[openbao]",
            "[collateral]\nsigners = [\"ed25519:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\"]\n[openbao]",
            "needed is required"},
        Mistake{"NotASigner", "[openbao]", "[collateral]\nsigners = [\"me\"]\n[openbao]", "ed25519:"},
        Mistake{
            "MoreNeededThanThereAre", "[openbao]",
            "[collateral]\nsigners = [\"ed25519:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\"]\nneeded = 2\n[openbao]",
            "number"},
        Mistake{"NoConnections", "[openbao]", "[limits]\nconnections = 0\n[openbao]", "number"}),
    [](const auto& row) { return row.param.name; });

TEST(Settings, ACredentialOfTheUnitWinsOverThePath) {
    const test::TempDir credentials;
    credentials.write("openbao-token", "s.x");
    credentials.write("gate.key", "k");
    ::setenv("CREDENTIALS_DIRECTORY", credentials.path().c_str(), 1);
    const auto settings = parse(kSmallest);
    ::unsetenv("CREDENTIALS_DIRECTORY");
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->vault.token_file, credentials.file("openbao-token"));
    EXPECT_EQ(settings->key, credentials.file("gate.key"));
    EXPECT_EQ(settings->certificate, "/etc/cloudtaser/gate.crt");
}

class LoadRules : public testing::Test {
protected:
    Result<std::shared_ptr<const Rules>> load(const std::string& more = {}) {
        auto settings = *parse(kSmallest);
        settings.policy = folder_.file("policy.d");
        settings.nodes_folder = folder_.file("nodes.d");
        document_ = std::make_unique<config::Document>(*config::Document::parse(more, "gate.toml"));
        CT_TRY(const auto had, Serials::load(folder_.path()));
        settings.collateral = collateral_;
        settings.policy_signers = signers_;
        return load_rules(settings, document_->root(), had);
    }
    void make(const std::string& name) { ASSERT_EQ(::mkdir(folder_.file(name).c_str(), 0700), 0); }
    static std::string node(const std::string& name, char digit) {
        return "[[node]]\nname = \"" + name + "\"\nspki = \"" + std::string(64, digit) + "\"\n";
    }
    test::TempDir folder_;
    std::unique_ptr<config::Document> document_;
    std::optional<SignedSettings> collateral_;
    std::optional<judge::Signers> signers_;
    const std::string policy_ =
        "epoch = 3\n[workload.w]\nevidence = [\"tpm2\"]\ntoken_role = \"r\"\n[workload.w.tpm2]\npcrs = { \"7\" = \"" +
        std::string(64, '0') + "\" }\nak = [\"sha256:" + std::string(64, '1') + "\"]\n";
};

TEST_F(LoadRules, ComeFromThePolicyFolderTheFileAndTheNodesFolder) {
    make("policy.d");
    make("nodes.d");
    folder_.write("policy.d/w.toml", policy_);
    folder_.write("nodes.d/a.toml", node("a", '1'));
    folder_.write("nodes.d/b.toml", node("b", '2'));
    folder_.write("nodes.d/c.txt", "not read");
    const auto rules = load(node("c", '3'));
    ASSERT_TRUE(rules) << rules.error().to_string();
    EXPECT_EQ((*rules)->policy.epoch(), 3U);
    EXPECT_EQ((*rules)->nodes.names(), 3U);
}

TEST_F(LoadRules, AMissingNodesFolderIsFineAMissingPolicyIsNot) {
    EXPECT_EQ(load().error().reason, Reason::config_missing);
    make("policy.d");
    folder_.write("policy.d/w.toml", policy_);
    EXPECT_TRUE(load());
}

TEST_F(LoadRules, RestOnCollateralThatIsSignedAndNotOlderThanWhatWasThere) {
    make("policy.d");
    folder_.write("policy.d/w.toml", policy_);
    const test::Company company(2, 2);
    collateral_ = SignedSettings{folder_.file("collateral"), company.signers};
    EXPECT_EQ(load().error().reason, Reason::io_failed);
    attest::CollateralBundle bundle{.serial = 4, .made = {}, .until = {}, .items = {{"name", {1}}}};
    folder_.write("collateral", company.sign_text(bundle, 1));
    const auto half = load();
    ASSERT_FALSE(half);
    EXPECT_EQ(half.error().reason, Reason::evidence_signature_invalid);
    EXPECT_TRUE(half.error().context.starts_with(folder_.file("collateral") + ": ")) << half.error().context;
    folder_.write("collateral", company.sign_text(bundle, 2));
    const auto rules = load();
    ASSERT_TRUE(rules) << rules.error().to_string();
    EXPECT_EQ((*rules)->policy.makers()->items, bundle.items);
    auto had = Serials::load(folder_.path());
    ASSERT_TRUE(had && had->raise("collateral", 4, (*rules)->policy.makers()->hash));
    EXPECT_TRUE(load()) << "the same again";
    bundle.items["name"] = {2};
    folder_.write("collateral", company.sign_text(bundle, 2));
    EXPECT_EQ(load().error().reason, Reason::config_invalid);
    EXPECT_NE(load().error().context.find("another file of that serial"), std::string::npos);
    ASSERT_TRUE(had->raise("collateral", 5, {}));
    EXPECT_EQ(load().error().reason, Reason::config_invalid);
    EXPECT_NE(load().error().context.find("this gate has had 5"), std::string::npos);
}

TEST_F(LoadRules, APolicyThatMustBeSignedIsTakenFromNoFolder) {
    const test::Company company(2, 2);
    signers_ = company.signers;
    make("policy.d");
    folder_.write("policy.d/w.toml", policy_);
    EXPECT_FALSE(load());
    std::filesystem::remove_all(folder_.file("policy.d"));
    const judge::PolicyBundle bundle{.serial = 3, .made = {}, .files = {{"w.toml", policy_, "w.toml"}}};
    const auto sign = [&](std::size_t by) {
        folder_.write("policy.d", std::string(as_text(company.sign(judge::encode(bundle), by, judge::kPolicyPurpose))));
    };
    sign(1);
    EXPECT_EQ(load().error().reason, Reason::evidence_signature_invalid);
    sign(2);
    const auto rules = load();
    ASSERT_TRUE(rules) << rules.error().to_string();
    EXPECT_EQ((*rules)->policy.epoch(), 3U);
    EXPECT_EQ((*rules)->policy_serial, 3U);
    auto had = Serials::load(folder_.path());
    ASSERT_TRUE(had && had->raise("policy", 3, (*rules)->policy.hash()));
    EXPECT_TRUE(load()) << "the same again";
    const judge::PolicyBundle other{.serial = 3, .made = {}, .files = {{"w.toml", policy_ + "\n", "w.toml"}}};
    folder_.write("policy.d", std::string(as_text(company.sign(judge::encode(other), 2, judge::kPolicyPurpose))));
    EXPECT_NE(load().error().context.find("another file of that serial"), std::string::npos);
    sign(2);
    ASSERT_TRUE(had->raise("policy", 4, {}));
    EXPECT_EQ(load().error().reason, Reason::config_invalid);
}

TEST_F(LoadRules, ASignedPolicyHasASerialAlsoWhereThatIsZero) {
    make("policy.d");
    folder_.write("policy.d/w.toml", policy_);
    const auto unsigned_rules = load();
    ASSERT_TRUE(unsigned_rules) << unsigned_rules.error().to_string();
    EXPECT_FALSE((*unsigned_rules)->policy_serial);
    const test::Company company(1);
    signers_ = company.signers;
    const judge::PolicyBundle bundle{.serial = 0, .made = {}, .files = {{"w.toml", policy_, "w.toml"}}};
    std::filesystem::remove_all(folder_.file("policy.d"));
    folder_.write("policy.d", std::string(as_text(company.sign(judge::encode(bundle), 1, judge::kPolicyPurpose))));
    const auto rules = load();
    ASSERT_TRUE(rules) << rules.error().to_string();
    EXPECT_EQ((*rules)->policy_serial, 0U);
}

TEST(Serials, OnlyRiseAndStay) {
    const test::TempDir folder;
    auto serials = Serials::load(folder.path());
    ASSERT_TRUE(serials);
    EXPECT_EQ(serials->highest("policy"), 0U);
    const Sha256 one{1}, two{2};
    ASSERT_TRUE(serials->raise("policy", 7, one) && serials->raise("collateral", 1, two) &&
                serials->raise("policy", 3, two) && serials->raise("policy", 7, two));
    const auto again = Serials::load(folder.path());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->highest("policy"), 7U);
    EXPECT_EQ(again->highest("collateral"), 1U);
    EXPECT_TRUE(again->check("policy", 7, one, "f"));
    EXPECT_TRUE(again->check("policy", 8, two, "f"));
    EXPECT_EQ(again->check("policy", 6, one, "f").error().reason, Reason::config_invalid);
    EXPECT_EQ(again->check("policy", 7, two, "f").error().reason, Reason::config_invalid) << "another of that serial";
    ASSERT_TRUE(serials->raise("first", 0, one));
    EXPECT_FALSE(serials->check("first", 0, two, "f")) << "0 is a serial, too";
    // A file that is not understood must not pass for an empty one.
    for (const char* bad : {"policy", "policy x", "policy 7x", "policy -1", "policy 99999999999999999999", "policy 7 ",
                            "policy 7 12", "policy 7  12"}) {
        folder.write("serials", bad);
        EXPECT_EQ(Serials::load(folder.path()).error().reason, Reason::malformed) << bad;
    }
    EXPECT_EQ(Serials::load(folder.file("serials")).error().reason, Reason::io_failed) << "no folder";
}

TEST(Serials, OfAnEarlierBuildHaveNoHashYet) {
    const test::TempDir folder;
    folder.write("serials", "collateral 3\npolicy 7\n");
    auto serials = Serials::load(folder.path());
    ASSERT_TRUE(serials) << serials.error().to_string();
    EXPECT_EQ(serials->highest("policy"), 7U);
    EXPECT_TRUE(serials->check("policy", 7, Sha256{1}, "f"));
    EXPECT_FALSE(serials->check("policy", 6, Sha256{1}, "f"));
    ASSERT_TRUE(serials->raise("policy", 7, Sha256{1}));
    const auto again = Serials::load(folder.path());
    ASSERT_TRUE(again);
    EXPECT_FALSE(again->check("policy", 7, Sha256{2}, "f")) << "from now on";
    EXPECT_EQ(again->highest("collateral"), 3U);
}

TEST_F(LoadRules, ANodesFileHoldsNodesOnly) {
    make("policy.d");
    make("nodes.d");
    folder_.write("policy.d/w.toml", policy_);
    folder_.write("nodes.d/a.toml", "listen = []\n" + node("a", '1'));
    const auto rules = load();
    ASSERT_FALSE(rules);
    EXPECT_NE(rules.error().context.find("nodes.d/a.toml:1"), std::string::npos) << rules.error().context;
}

}  // namespace
}  // namespace ct::gate
