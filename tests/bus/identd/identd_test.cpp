// SPDX-License-Identifier: Apache-2.0
// The real cloudtaser-identd, activated by the first call.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "bus/connection.h"
#include "crypto/digest.h"
#include "support/private_bus.h"

namespace ct {
namespace {

using namespace std::chrono_literals;

const char* const kName = "io.cloudtaser.Identity1";
const bus::Destination kManager{kName, "/io/cloudtaser/Identity1", "io.cloudtaser.Identity1.Manager"};
constexpr unsigned kStranger = 65534;

struct Person {
    std::uint32_t pid = 0, uid = 0, gid = 0;
    std::string unit, executable;
    Bytes sha256;
};

Result<Person> describe(bus::Connection& client, const Fd& fd) {
    CT_TRY(auto call, client.new_call(kManager, "Describe"));
    CT_CHECK(call.append(fd));
    CT_TRY(auto reply, client.call(call, 20s));
    Person person;
    CT_TRY(person.pid, reply.read<std::uint32_t>());
    CT_TRY(person.uid, reply.read<std::uint32_t>());
    CT_TRY(person.gid, reply.read<std::uint32_t>());
    CT_TRY(person.unit, reply.read<std::string>());
    CT_TRY(person.executable, reply.read<std::string>());
    CT_TRY(person.sha256, reply.read<Bytes>());
    return person;
}

class IdentityDaemon : public testing::Test {
protected:
    IdentityDaemon() {
        const auto config = folder_.write("identd.toml", "[audit]\nfile = \"" + folder_.file("audit.jsonl") + "\"\n");
        auto private_bus =
            test::PrivateBus::start({.services = {{kName, {test::built("cloudtaser-identd"), "--config", config}}}});
        EXPECT_TRUE(private_bus);
        bus_.emplace(std::move(*private_bus));
        bus_->adopt();
        client_.emplace(std::move(*bus::Connection::open_system("test")));
    }
    test::TempDir folder_;
    std::optional<test::PrivateBus> bus_;
    std::optional<bus::Connection> client_;
};

TEST_F(IdentityDaemon, SaysWhoIsBehindAPidfd) {
    const Fd self = std::move(*pidfd_open(::getpid()));
    const auto person = describe(*client_, self);
    ASSERT_TRUE(person) << person.error().to_string() << bus_->log();
    EXPECT_EQ(person->pid, static_cast<std::uint32_t>(::getpid()));
    EXPECT_EQ(person->uid, ::geteuid());
    EXPECT_EQ(person->gid, ::getegid());
    EXPECT_EQ(person->executable, std::filesystem::canonical("/proc/self/exe"));
    const auto content = read_file("/proc/self/exe", 1 << 30);
    ASSERT_TRUE(content);
    EXPECT_EQ(person->sha256, to_vector(crypto::sha256(as_bytes(*content))));
}

TEST_F(IdentityDaemon, AnExecutableThatCannotBeReadHasNoDigest) {
    // 1 GiB and one byte: a program whose file is larger than what is hashed. The rest of the file is a hole.
    const auto path = folder_.file("large");
    std::filesystem::copy_file(std::filesystem::canonical("/bin/sleep"), path);
    ASSERT_EQ(::truncate(path.c_str(), (1L << 30) + 1), 0);
    const auto child = test::Child::start({.argv = {path, "60"}});
    ASSERT_TRUE(child);
    const Fd pidfd(::fcntl(child->pidfd(), F_DUPFD_CLOEXEC, 3));
    // It has become its program when exe says so.
    for (std::string exe; exe != path;)
        exe = std::filesystem::read_symlink("/proc/" + std::to_string(child->pid()) + "/exe");
    const auto person = describe(*client_, pidfd);
    ASSERT_TRUE(person) << person.error().to_string();
    EXPECT_EQ(person->executable, path);
    EXPECT_TRUE(person->sha256.empty());
}

TEST_F(IdentityDaemon, RefusesTheDeadAndWhatIsNoPidfd) {
    auto child = test::Child::start({.argv = {"/bin/true"}});
    ASSERT_TRUE(child);
    const Fd pidfd(::fcntl(child->pidfd(), F_DUPFD_CLOEXEC, 3));
    ASSERT_EQ(child->wait(20s), 0);
    EXPECT_EQ(describe(*client_, pidfd).error().reason, Reason::session_ended);
    const Fd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(describe(*client_, file).error().reason, Reason::caller_mismatch);
}

TEST_F(IdentityDaemon, IsForSecretdAndRootOnly) {
    if (::getuid() != 0) GTEST_SKIP() << "needs root, to be another user";
    const int code = test::as_user(kStranger, [&] {
        auto client = bus::Connection::open_system("stranger");
        auto self = pidfd_open(::getpid());
        if (!client || !self) return 2;
        const auto person = describe(*client, *self);
        return !person && person.error().reason == Reason::caller_not_allowed ? 0 : 3;
    });
    EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace ct
