// SPDX-License-Identifier: Apache-2.0
#include "audit/sink.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "base/fd.h"
#include "base/secret_arena.h"
#include "codec/json.h"

namespace ct::audit {
namespace {

namespace fs = std::filesystem;

Record example() {
    Record record;
    record.type = Type::session_opened;
    record.outcome = Outcome::failure;
    record.severity = Severity::warning;
    record.reason = Reason::caller_not_allowed;
    record.detail = "uid \"1000\"\n";
    record.fields = {{Field::workload, "payments"}, {Field::executable, "/bin/\xff"}};
    return record;
}

class File : public testing::Test {
protected:
    File() {
        std::string pattern = (fs::temp_directory_path() / "ct-audit-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
    }
    ~File() override { fs::remove_all(folder_); }
    std::string folder_;
};

TEST_F(File, HoldsOneJsonObjectALine) {
    const std::string path = folder_ + "/audit.jsonl";
    auto sink = file_sink(path, "cloudtaser-test");
    ASSERT_TRUE(sink);
    ASSERT_TRUE((*sink)->write(example()));
    Record other;
    other.type = Type::daemon_started;
    other.outcome = Outcome::success;
    ASSERT_TRUE((*sink)->write(other));

    struct stat info{};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
    const std::string text = read_file(path, 1 << 20).value();
    const auto line_end = text.find('\n');
    EXPECT_EQ(text.find('\n', line_end + 1), text.size() - 1) << "two lines";
    auto parsed = json::Document::parse(std::move(*SecretBuffer::copy_of(as_bytes(text.substr(0, line_end)))));
    ASSERT_TRUE(parsed) << text;
    const auto root = parsed->root();
    const auto value = [&](const char* key) {
        const auto member = root.find(key, json::Type::string);
        return member ? std::string(member->text()) : std::string("absent");
    };
    EXPECT_EQ(value("daemon"), "cloudtaser-test");
    EXPECT_EQ(value("message_id"), message_id(Type::session_opened));
    EXPECT_EQ(value("event"), "session_opened");
    EXPECT_EQ(value("outcome"), "failure");
    EXPECT_EQ(value("reason"), "caller_not_allowed");
    EXPECT_EQ(value("detail"), "uid \"1000\"\n");
    EXPECT_EQ(value("workload"), "payments");
    EXPECT_EQ(value("executable"), "/bin/\xef\xbf\xbd");
    const std::string time = value("time");
    EXPECT_EQ(time.size(), std::string("2026-11-24T14:03:05.123456Z").size()) << time;
}

TEST_F(File, ThatCannotBeWrittenIsAnError) {
    EXPECT_EQ(file_sink(folder_ + "/none/audit.jsonl", "t").error().reason, Reason::audit_unavailable);
    ASSERT_EQ(::symlink("/dev/null", (folder_ + "/link").c_str()), 0);
    EXPECT_FALSE(file_sink(folder_ + "/link", "t")) << "a link is not followed";
    auto full = file_sink("/dev/full", "t");
    ASSERT_TRUE(full);
    const auto status = (*full)->write(example());
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().reason, Reason::audit_unavailable);
    EXPECT_EQ(status.error().sys_errno, ENOSPC);
}

TEST_F(File, IsChosenByConfigurationAndTheJournalWithoutIt) {
    const auto document = config::Document::parse("file = \"" + folder_ + "/a\"", "f.toml");
    ASSERT_TRUE(open_sink(document->root(), "t"));
    EXPECT_TRUE(fs::exists(folder_ + "/a"));
    const auto relative = config::Document::parse("file = \"a\"", "f.toml");
    EXPECT_EQ(open_sink(relative->root(), "t").error().to_string(),
              "config_invalid: f.toml:1: file: expected an absolute path");
    const auto typo = config::Document::parse("fil = \"/a\"", "f.toml");
    EXPECT_FALSE(open_sink(typo->root(), "t"));
    EXPECT_TRUE(open_sink(std::nullopt, "t"));
}

// In a mount namespace of its own the test plays journald: it owns the socket and reads what arrives.
// Exit codes: 0 fine, 77 not permitted, others name the check that failed.
int play_journal(std::size_t value_size) {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", "/run", "tmpfs", 0, nullptr) != 0)
        return 77;
    const auto sink = journal_sink("cloudtaser-test");
    const auto absent = sink->write(example());
    if (absent || absent.error().reason != Reason::audit_unavailable) return 2;

    fs::create_directories("/run/systemd/journal");
    const Fd journal(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::string("/run/systemd/journal/socket").copy(address.sun_path, sizeof address.sun_path - 1);
    if (::bind(journal.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return 3;  // NOLINT: C API

    Record record = example();
    record.fields.emplace_back(Field::record, std::string(value_size, 'r'));
    if (!sink->write(record)) return 4;
    std::string text(16 << 20, '\0');
    alignas(cmsghdr) char control[64];
    iovec part{text.data(), text.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t n = ::recvmsg(journal.get(), &message, 0);
    if (n < 0) return 5;
    text.resize(static_cast<std::size_t>(n));
    if (n == 0) {  // over the 8 MiB of sd-journal's send buffer: too large for a datagram: a sealed memfd comes instead
        const cmsghdr* header = CMSG_FIRSTHDR(&message);
        if (header == nullptr) return 6;
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
        const Fd owned(fd);
        text.resize(16 << 20);
        const ssize_t size = ::pread(fd, text.data(), text.size(), 0);
        if (size < 0) return 7;
        text.resize(static_cast<std::size_t>(size));
    }
    int check = 10;
    for (const char* wanted :
         {"MESSAGE_ID=09e381c4410f4a8d8e4b755c4336e6f8\n", "PRIORITY=4\n", "SYSLOG_IDENTIFIER=cloudtaser-test\n",
          "CT_EVENT=session_opened\n", "CT_OUTCOME=failure\n", "CT_REASON=caller_not_allowed\n",
          "CT_WORKLOAD=payments\n", "CT_EXECUTABLE=/bin/\xff\n", "CT_DETAIL\n",
          "session opened: failure: payments: caller_not_allowed: uid \"1000\"\n"}) {
        ++check;
        if (text.find(wanted) == std::string::npos) return check;
    }
    return text.find(std::string(value_size, 'r')) == std::string::npos ? 30 : 0;
}

class Journal : public testing::TestWithParam<std::size_t> {};
TEST_P(Journal, GetsTheRecordWithAllItsFields) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(play_journal(GetParam()));
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "needs root, for a mount namespace";
    EXPECT_EQ(WEXITSTATUS(status), 0);
}
INSTANTIATE_TEST_SUITE_P(SmallAndLarge, Journal, testing::Values(10, 9 << 20));

}  // namespace
}  // namespace ct::audit
