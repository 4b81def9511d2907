// SPDX-License-Identifier: Apache-2.0
// OpenSSL on the arena. One process, one allocator: everything here runs after use_secret_arena().
#include "crypto/memory.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "base/registers.h"
#include "base/secret_arena.h"
#include "codec/base64.h"
#include "crypto/digest.h"
#include "crypto/hpke.h"
#include "tls_rig.h"

namespace ct::crypto {
namespace {

using namespace test;

// Searches all that root could read of this process through /proc/PID/mem. What is being looked for is kept inverted, so
// that the search does not find itself.
class Searcher {
public:
    explicit Searcher(std::string_view needle) {
        for (const char c : needle)
            inverted_.push_back(static_cast<char>(~c));
    }
    // Copies found; secret pages are unreadable and so not looked at.
    [[nodiscard]] std::size_t copies() const {
        std::size_t found = 0;
        std::ifstream maps("/proc/self/maps");
        const Fd mem(::open("/proc/self/mem", O_RDONLY | O_CLOEXEC));
        std::vector<char> chunk(1 << 20);
        std::string line;
        while (std::getline(maps, line)) {
            std::uint64_t start = 0;
            std::uint64_t end = 0;
            char mode[5] = {};
            if (std::sscanf(line.c_str(), "%lx-%lx %4s", &start, &end, mode) != 3 || mode[0] != 'r' || mode[1] != 'w')
                continue;
            if (end - start > (std::uint64_t{1} << 32)) continue;            // a sanitizer's shadow
            const auto own = reinterpret_cast<std::uint64_t>(chunk.data());  // NOLINT: the address as a number
            if (own >= start && own < end) continue;
            for (std::uint64_t at = start; at < end; at += chunk.size() - inverted_.size()) {
                const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(chunk.size(), end - at));
                const ssize_t n = ::pread(mem.get(), chunk.data(), want, static_cast<off_t>(at));
                if (n <= 0) break;
                found += count({chunk.data(), static_cast<std::size_t>(n)});
                if (want < chunk.size()) break;
            }
        }
        wipe(chunk.data(), chunk.size());
        return found;
    }

private:
    [[nodiscard]] std::size_t count(std::string_view in) const {
        std::size_t found = 0;
        const auto same = [](char a, char b) { return a == static_cast<char>(~b); };
        for (auto at = in.begin(); at != in.end(); ++at) {
            at = std::search(at, in.end(), inverted_.begin(), inverted_.end(), same);
            if (at == in.end()) break;
            ++found;
        }
        return found;
    }
    std::string inverted_;
};

// 48 random letters, made in secret memory; 16 of their middle are what is searched for, so that a tail left in one
// vector register or one stack slot is found as well.
struct Needle {
    SecretBuffer text = SecretBuffer::create(48).value();
    Needle() {
        EXPECT_TRUE(random_bytes(text.bytes()));
        for (auto& byte : text.bytes())
            byte = static_cast<std::uint8_t>('a' + byte % 26);
    }
    [[nodiscard]] Searcher searcher() const { return Searcher(text.text().substr(16, 16)); }
};

TEST(SecretArenaForOpenSsl, ServesAllOfItsAllocations) {
    const auto before = SecretArena::process().report().in_use;
    const MadeIdentity made = identity("node");
    EXPECT_GT(SecretArena::process().report().in_use, before);
    const auto held = SecretArena::process().report().in_use;
    for (int i = 0; i < 20; ++i)
        (void)identity("node");
    EXPECT_EQ(SecretArena::process().report().in_use, held) << "what was taken was not given back";
}

TEST(SecretArenaForOpenSsl, TheSearchFindsACopyOnTheHeap) {
    const Needle needle;
    const std::string copy(needle.text.text());
    EXPECT_GE(needle.searcher().copies(), 1U);
    EXPECT_FALSE(copy.empty());
}

TEST(SecretArenaForOpenSsl, ATlsConnectionLeavesNoPlaintextInOrdinaryMemory) {
    if (best_protection() != Protection::memfd_secret) GTEST_SKIP() << "kernel without memfd_secret";
    const MadeIdentity node = identity("node");
    const MadeIdentity gate = identity("gate");
    const TlsContext client = context(TlsContext::Role::client, node);
    const TlsContext server = context(TlsContext::Role::server, gate);
    Ends both = ends(client, pinned({gate.spki}, kNow), server, pinned({node.spki}, kNow));
    ASSERT_TRUE(shake_hands(both).done());
    const Needle needle;
    const Searcher searcher = needle.searcher();
    auto got = SecretBuffer::create(100).value();
    {
        const RegisterGuard guard;
        ASSERT_EQ(both.server.write(needle.text.bytes()), needle.text.size());
        ASSERT_EQ(both.client.read(got.bytes()), needle.text.size());
    }
    ASSERT_TRUE(equal_constant_time(ByteView(got.bytes()).first(48), needle.text.bytes()));
    EXPECT_EQ(searcher.copies(), 0U);
}

TEST(SecretArenaForOpenSsl, AnOpenedSealLeavesNoPlaintextInOrdinaryMemory) {
    if (best_protection() != Protection::memfd_secret) GTEST_SKIP() << "kernel without memfd_secret";
    const auto pair = hpke::generate_key_pair().value();
    const Needle needle;
    const Searcher searcher = needle.searcher();
    const Bytes sealed = hpke::seal(pair.public_key, {}, {}, needle.text.bytes()).value();
    auto opened = hpke::open(pair, {}, {}, sealed);
    ASSERT_TRUE(opened);
    ASSERT_TRUE(equal_constant_time(opened->bytes(), needle.text.bytes()));
    EXPECT_EQ(searcher.copies(), 0U);
}

TEST(SecretArenaForOpenSsl, APrivateKeyIsNotInOrdinaryMemoryEither) {
    if (best_protection() != Protection::memfd_secret) GTEST_SKIP() << "kernel without memfd_secret";
    const MadeIdentity made = identity("node");
    const TlsContext loaded = context(TlsContext::Role::client, made);
    // PKCS #8 of a P-256 key: the private number begins at byte 36, character 48 of the base64. OpenSSL computes with it in
    // little-endian limbs.
    Bytes head =
        base64_decode(made.key_pem.text().substr(std::string_view("-----BEGIN PRIVATE KEY-----\n").size() + 48, 16), 12)
            .value();
    const Searcher as_written(as_text(head));
    std::ranges::reverse(head);
    const Searcher as_limbs(as_text(head));
    wipe(head.data(), head.size());
    EXPECT_EQ(as_written.copies(), 0U);
    EXPECT_EQ(as_limbs.copies(), 0U);
    EXPECT_EQ(loaded.own_spki(), made.spki);
}

}  // namespace
}  // namespace ct::crypto

int main(int argc, char** argv) {
    if (!ct::crypto::use_secret_arena()) return 1;
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
