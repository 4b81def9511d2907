// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/fd.h"
#include "clients/ctl/commands.h"
#include "clients/ctl/files.h"
#include "codec/hex.h"
#include "crypto/tls.h"
#include "crypto/x509.h"
#include "support/process.h"
#include "told.h"

namespace ct::ctl {
namespace {

const WallTime kNow(Seconds(1'795'528'985));

class Keygen : public testing::Test {
protected:
    test::Told make(const KeygenOptions& options, Output::Mode mode = Output::Mode::plain, WallTime now = kNow) {
        return test::told([&](Output& out) { return keygen(options, now, out); }, mode);
    }
    KeygenOptions node() { return {.role = "node", .directory = folder_.path(), .name = "node-1"}; }
    std::string read(const std::string& name) { return read_file(folder_.file(name), 1 << 16).value(); }
    unsigned mode_of(const std::string& name) {
        struct stat status{};
        EXPECT_EQ(::stat(folder_.file(name).c_str(), &status), 0);
        return status.st_mode & 07777U;
    }
    std::size_t files() {
        const std::filesystem::directory_iterator all(folder_.path());
        return static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }
    ct::test::TempDir folder_;
};

TEST_F(Keygen, WritesAKeyForItsOwnerOnlyAndACertificateForAll) {
    const auto made = make(node());
    EXPECT_EQ(made.code, 0) << made.text;
    EXPECT_EQ(mode_of("node.key"), 0600U);
    EXPECT_EQ(mode_of("node.crt"), 0644U);
    EXPECT_EQ(files(), 2U) << "nothing temporary is left";
    const std::string certificate = read("node.crt");
    const auto context =
        crypto::TlsContext::create(crypto::TlsContext::Role::client, certificate, as_bytes(read("node.key")));
    ASSERT_TRUE(context);
    EXPECT_NE(made.text.find("Pin             " + hex_encode(context->own_spki()) + "\n"), std::string::npos)
        << made.text;
    EXPECT_NE(made.text.find("cloudtaserctl enrolment --name node-1"), std::string::npos);
    EXPECT_EQ(context->own_not_after(), kNow + std::chrono::days(365));
    EXPECT_LT(crypto::Certificate::from_pem(certificate)->not_before(), kNow);
    EXPECT_EQ(made.text.find("PRIVATE"), std::string::npos);
}

TEST_F(Keygen, TellsAProgramThePinAndThePaths) {
    const auto made = make({.role = "gate", .directory = folder_.path(), .name = "g", .days = 1}, Output::Mode::json);
    const auto document = test::parsed(made.text);
    const auto pin = crypto::Certificate::from_pem(read("gate.crt"))->spki_sha256().value();
    EXPECT_EQ(document.root().find("pin")->text(), hex_encode(pin));
    EXPECT_EQ(document.root().find("key")->text(), folder_.file("gate.key"));
}

TEST_F(Keygen, NeverOverwritesAKey) {
    folder_.write("node.key", "precious");
    const auto refused = make(node());
    EXPECT_EQ(refused.code, -1);
    EXPECT_NE(refused.text.find("invalid_argument"), std::string::npos);
    EXPECT_NE(refused.text.find("--renew"), std::string::npos);
    EXPECT_EQ(read("node.key"), "precious");
    EXPECT_EQ(files(), 1U);
}

TEST_F(Keygen, AKeyWithoutItsCertificateIsNotLeftBehind) {
    folder_.write("node.crt", "something else");
    EXPECT_EQ(make(node()).code, -1);
    EXPECT_EQ(read("node.crt"), "something else");
    EXPECT_EQ(files(), 1U);
}

TEST_F(Keygen, RenewKeepsTheKeyAndItsPin) {
    make(node());
    const std::string key = read("node.key");
    const auto old = crypto::Certificate::from_pem(read("node.crt")).value();
    KeygenOptions renew = node();
    renew.renew = true;
    const auto later = kNow + std::chrono::days(100);
    const auto renewed = make(renew, Output::Mode::plain, later);
    EXPECT_EQ(renewed.code, 0) << renewed.text;
    EXPECT_EQ(read("node.key"), key);
    const auto fresh = crypto::Certificate::from_pem(read("node.crt")).value();
    EXPECT_EQ(fresh.spki_sha256().value(), old.spki_sha256().value());
    EXPECT_EQ(fresh.not_after(), later + std::chrono::days(365));
    EXPECT_EQ(files(), 2U);
}

TEST_F(Keygen, RenewWithoutAKeyIsAnError) {
    KeygenOptions renew = node();
    renew.renew = true;
    EXPECT_NE(make(renew).text.find("config_missing"), std::string::npos);
    folder_.write("node.key", "not a key");
    folder_.write("node.crt", "old");
    EXPECT_NE(make(renew).text.find("malformed"), std::string::npos);
    EXPECT_EQ(read("node.crt"), "old");
}

TEST_F(Keygen, SaysWhatIsWrongWithItsArguments) {
    KeygenOptions options = node();
    options.role = "../etc/passwd";
    EXPECT_NE(make(options).text.find("invalid_argument"), std::string::npos);
    options = node();
    options.name = "line\nfeed";
    EXPECT_NE(make(options).text.find("printable ASCII"), std::string::npos);
    options = node();
    options.directory = folder_.file("missing");
    EXPECT_NE(make(options).text.find("No such file or directory"), std::string::npos);
    EXPECT_EQ(files(), 0U);
}

TEST_F(Keygen, PinShowsWhatKeygenSaid) {
    make(node());
    const std::string path = folder_.file("node.crt");
    const auto shown = test::told([&](Output& out) { return pin({path}, out); }, Output::Mode::json);
    const auto document = test::parsed(shown.text);
    EXPECT_EQ(document.root().first()->find("subject")->text(), "CN=node-1");
    EXPECT_EQ(document.root().first()->find("pin")->text(),
              hex_encode(crypto::Certificate::from_pem(read("node.crt"))->spki_sha256().value()));
    const auto broken = test::told([&](Output& out) { return pin({folder_.file("node.key")}, out); });
    EXPECT_NE(broken.text.find("malformed: " + folder_.file("node.key")), std::string::npos) << broken.text;
}

TEST_F(Keygen, SecretFilesAreBoundedAndReadWhole) {
    folder_.write("ten", "0123456789");
    EXPECT_EQ(read_secret_file(folder_.file("ten"), 10)->text(), "0123456789");
    EXPECT_EQ(read_secret_file(folder_.file("ten"), 9).error().reason, Reason::too_large);
    EXPECT_EQ(read_secret_file(folder_.file("none"), 9).error().reason, Reason::config_missing);
}

}  // namespace
}  // namespace ct::ctl
