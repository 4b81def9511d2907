// SPDX-License-Identifier: Apache-2.0
// No copy outside secret memory: after logins, reads and mints over HTTP/2, neither a value nor a token lies anywhere in
// this process but in the arena. Values and tokens are made by another program, and reach this one masked.
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <cstring>

#include "base/bind_now.h"
#include "crypto/memory.h"
#include "openbao/client.h"
#include "support/bao.h"
#include "support/http_rig.h"
#include "support/memory_scan.h"

namespace ct {
namespace {

using test::Bao;
using test::HttpRig;
using test::MemoryScan;

// Letters and digits change places in pairs, so the same function takes the mask off and on.
char rotate(char c) {
    if (c >= 'a' && c <= 'z') return static_cast<char>('a' + (c - 'a' + 13) % 26);
    if (c >= 'A' && c <= 'Z') return static_cast<char>('A' + (c - 'A' + 13) % 26);
    if (c >= '0' && c <= '9') return static_cast<char>('0' + (c - '0' + 5) % 10);
    return c;
}

struct Marker {
    std::string rotated;

    [[nodiscard]] SecretString secret() const {
        SecretString out;
        out.reserve(rotated.size() + 64);
        for (const char c : rotated)
            out.push_back(rotate(c));
        return out;
    }
    void add_to(MemoryScan& scan, std::string name) const {
        Bytes masked;
        for (const char c : rotated)
            masked.push_back(static_cast<std::uint8_t>(static_cast<std::uint8_t>(rotate(c)) ^ MemoryScan::kMask));
        scan.add(std::move(name), std::move(masked));
    }
    // Of a secret that was made here, and so was never rotated before.
    static Marker of(const SecretString& secret) {
        Marker marker;
        for (const char c : secret)
            marker.rotated.push_back(rotate(c));
        return marker;
    }
    [[nodiscard]] bool is(ByteView bytes) const {
        return bytes.size() == rotated.size() &&
               std::equal(bytes.begin(), bytes.end(), rotated.begin(),
                          [](std::uint8_t b, char c) { return static_cast<char>(b) == rotate(c); });
    }
};

// How HTTP/2 writes "Bearer TOKEN" on the wire: with Huffman codes (RFC 7541 section 5.2), which a search for the token
// itself would not find.
void add_coded_to(MemoryScan& scan, std::string_view what, const Marker& token) {
    SecretString value;
    value.reserve(token.rotated.size() + 64);
    value.append("Bearer ").append(token.secret());
    nghttp2_hd_deflater* deflater = nullptr;
    nghttp2_hd_deflate_new(&deflater, 0);
    std::string name = "authorization";
    nghttp2_nv field{reinterpret_cast<std::uint8_t*>(name.data()), reinterpret_cast<std::uint8_t*>(value.data()),
                     name.size(), value.size(), NGHTTP2_NV_FLAG_NO_INDEX};
    auto wire = SecretBuffer::create(1024).value();
    const ssize_t size = nghttp2_hd_deflate_hd(deflater, wire.bytes().data(), wire.size(), &field, 1);
    nghttp2_hd_deflate_del(deflater);
    Bytes masked;
    // Past the representation, the length and "Bearer ".
    for (ssize_t i = 12; i < size - 1; ++i)
        masked.push_back(wire.bytes()[static_cast<std::size_t>(i)] ^ MemoryScan::kMask);
    scan.add("Huffman-coded " + std::string(what), std::move(masked));
}

// As the daemons do, and before main(): gtest_main has the rest.
const Status kBound = bind_now();

class NoCopyOutsideSecretMemory : public ::testing::Test {
protected:
    void SetUp() override {
        CT_NEEDS_BAO();
        ASSERT_TRUE(kBound) << kBound.error().to_string();
        ASSERT_TRUE(crypto::use_secret_arena());
        ASSERT_TRUE(http::use_secret_arena());
        auto started = Bao::start();
        ASSERT_TRUE(started) << started.error().to_string();
        bao_ = std::move(*started);

        // Random values that only the server and this script's own processes have seen.
        const std::string script = R"(
set -e
rotate() { tr 'A-Za-z0-9' 'N-ZA-Mn-za-m5-90-4'; echo; }
value=$(od -An -v -N40 -tx1 /dev/urandom | tr -d ' \n')
printf %s "$value" | "$BAO" kv put -mount=kv payments password=- >/dev/null
secret_id=$(od -An -v -N24 -tx1 /dev/urandom | tr -d ' \n')
"$BAO" auth enable approle >/dev/null
"$BAO" write auth/approle/role/r token_policies=wl-payments role_id=the-role >/dev/null
printf %s "$secret_id" | "$BAO" write auth/approle/role/r/custom-secret-id secret_id=- >/dev/null
printf %s "$value" | rotate
"$BAO" token create -policy=wl-payments -policy=default -field=token | tr -d '\n' | rotate
"$BAO" token create -orphan -policy=gate -no-default-policy -period=1h -field=token | tr -d '\n' | rotate
printf %s "$secret_id" | rotate
)";
        const auto ran = test::run({.argv = {"sh", "-c", script},
                                    .environment = {{"PATH", "/usr/bin:/bin"},
                                                    {"HOME", home_.path()},
                                                    {"BAO", bao_->binary()},
                                                    {"BAO_ADDR", bao_->url()},
                                                    {"BAO_CACERT", bao_->ca_file()},
                                                    {"BAO_TOKEN", "rig-administrator"}}});
        ASSERT_EQ(ran.code, 0) << ran.output;
        std::istringstream lines(ran.output);
        for (Marker* marker : {&value_, &reader_, &gate_, &secret_id_})
            ASSERT_TRUE(std::getline(lines, marker->rotated));
        ASSERT_EQ(value_.rotated.size(), 80U) << ran.output;
        ASSERT_GE(reader_.rotated.size(), 26U);
        ASSERT_EQ(secret_id_.rotated.size(), 48U);
    }

    [[nodiscard]] std::string copies() const {
        MemoryScan scan;
        value_.add_to(scan, "value");
        secret_id_.add_to(scan, "secret id");
        reader_.add_to(scan, "token");
        gate_.add_to(scan, "gate's token");
        add_coded_to(scan, "token", reader_);
        add_coded_to(scan, "gate's token", gate_);
        for (const auto& [name, marker] : made_here_) {
            marker.add_to(scan, name);
            add_coded_to(scan, name, marker);
        }
        return scan.find();
    }

    test::TempDir home_;
    std::unique_ptr<Bao> bao_;
    Marker value_, reader_, gate_, secret_id_;
    std::map<std::string, Marker> made_here_;
};

TEST_F(NoCopyOutsideSecretMemory, TheScanFindsACopyOnHeapAndStack) {
    EXPECT_EQ(copies(), "");
    {
        auto heap = std::make_unique<char[]>(value_.rotated.size());
        char stack[24];
        for (std::size_t i = 0; i < value_.rotated.size(); ++i)
            heap[i] = rotate(value_.rotated[i]);
        for (std::size_t i = 0; i < sizeof(stack); ++i)
            stack[i] = rotate(reader_.rotated[i]);
        asm volatile("" : : "r"(heap.get()), "r"(stack) : "memory");
        const std::string found = copies();
        EXPECT_TRUE(found.contains("value[0...]")) << found;
        EXPECT_TRUE(found.contains("token[0...]") && found.contains("[stack]")) << found;
        std::memset(heap.get(), 0, value_.rotated.size());
        std::memset(stack, 0, sizeof(stack));
        asm volatile("" : : "r"(heap.get()), "r"(stack) : "memory");
    }
    EXPECT_EQ(copies(), "");
}

TEST_F(NoCopyOutsideSecretMemory, NorInsideItWhenAllButTheConnectionIsGone) {
    HttpRig rig(bao_->http_options(), bao_->dial());
    openbao::Client client(*rig.client);
    MemoryScan scan;
    value_.add_to(scan, "value");
    {
        const openbao::SecretRef ref{.mount = "kv", .path = "payments", .field = "password", .kv_version = 2};
        const SecretString reader = reader_.secret();
        auto secret = rig.wait<openbao::KvSecret>([&](auto reply) { client.read_kv(reader, ref, reply); });
        ASSERT_TRUE(secret) << secret.error().to_string();
        EXPECT_NE(scan.find_in_secret_memory(), "") << "the value at hand";
    }
    EXPECT_EQ(scan.find_in_secret_memory(), "");
}

TEST_F(NoCopyOutsideSecretMemory, AfterReadsLoginsMintsAndUnwraps) {
    {
        HttpRig rig(bao_->http_options(), bao_->dial());
        openbao::Client client(*rig.client);
        const SecretString reader = reader_.secret();
        const openbao::SecretRef ref{.mount = "kv", .path = "payments", .field = "password", .kv_version = 2};
        for (int i = 0; i < 2; ++i) {
            auto secret = rig.wait<openbao::KvSecret>([&](auto reply) { client.read_kv(reader, ref, reply); });
            ASSERT_TRUE(secret) << secret.error().to_string();
            EXPECT_TRUE(value_.is(*secret->field("password")));
            EXPECT_EQ(copies(), "") << "with the value at hand";
        }
        ASSERT_TRUE(rig.wait<openbao::Token>([&](auto reply) { client.lookup_self(reader, reply); }));
        const SecretString secret_id = secret_id_.secret();
        SecretString role_id("the-role");
        auto login = rig.wait<openbao::Token>([&](auto reply) { client.login_approle(role_id, secret_id, reply); });
        ASSERT_TRUE(login) << login.error().to_string();
        made_here_["token of a login"] = Marker::of(login->value);

        const SecretString gate = gate_.secret();
        auto wrapped = rig.wait<openbao::WrappedToken>(
            [&](auto reply) { client.mint(gate, {.role = "wl-payments", .display_name = "", .meta = {}}, reply); });
        ASSERT_TRUE(wrapped) << wrapped.error().to_string();
        auto token = rig.wait<openbao::Token>([&](auto reply) { client.unwrap(wrapped->value, reply); });
        ASSERT_TRUE(token) << token.error().to_string();

        made_here_["wrapping token"] = Marker::of(wrapped->value);
        made_here_["minted token"] = Marker::of(token->value);
        EXPECT_EQ(copies(), "") << "with all tokens at hand";
    }
    EXPECT_EQ(copies(), "") << "when all is closed";
}

}  // namespace
}  // namespace ct
