// SPDX-License-Identifier: Apache-2.0
#include "clients/run/target.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>

#include "support/private_bus.h"
#include "support/process.h"

namespace ct::run {
namespace {

std::string elf_header(unsigned char elf_class, std::uint16_t machine) {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = elf_class;
    header.e_machine = machine;
    return {reinterpret_cast<const char*>(&header), sizeof header};  // NOLINT: raw bytes
}

class Target : public testing::Test {
protected:
    std::string program(const std::string& name, std::string_view content, unsigned mode = 0755) {
        const auto path = folder_.write(name, content);
        ::chmod(path.c_str(), mode);
        return path;
    }
    std::string path() const { return folder_.path(); }
    Reason reason(const std::string& name) const {
        const auto target = find_target(name, path().c_str());
        return target ? Reason::internal : target.error().reason;
    }
    const std::string good_ = elf_header(ELFCLASS64, EM_X86_64);
    test::TempDir folder_;
};

TEST_F(Target, IsFoundInPathInItsOrder) {
    const test::TempDir second;
    program("both", good_);
    second.write("both", good_, 0755);
    second.write("one", good_, 0755);
    const std::string both = path() + ":" + second.path();
    EXPECT_EQ(*find_target("both", both.c_str()), path() + "/both");
    EXPECT_EQ(*find_target("one", both.c_str()), second.path() + "/one");
    EXPECT_EQ(*find_target("true", nullptr), "/bin/true") << "no PATH: execvp's default";
}

TEST_F(Target, WithASlashPathIsNotAsked) {
    program("tool", good_);
    EXPECT_EQ(*find_target(path() + "/tool", "/nowhere"), path() + "/tool");
    EXPECT_EQ(find_target("./tool", path().c_str()).error().reason, Reason::target_not_found);
}

TEST_F(Target, AnEmptyPathElementIsTheWorkingDirectory) {
    program("local-tool", good_);
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(path());
    for (const char* search : {":/nowhere", "/nowhere::/other", "/nowhere:", ""})
        EXPECT_EQ(find_target("local-tool", search).value_or(""), "local-tool") << search;
    std::filesystem::current_path(before);
}

TEST_F(Target, WhatIsAbsentOrNotExecutableIsToldApart) {
    program("data", good_, 0644);
    std::filesystem::create_directory(path() + "/folder");
    EXPECT_EQ(reason("absent"), Reason::target_not_found);
    EXPECT_EQ(reason(""), Reason::target_not_found);
    EXPECT_EQ(reason(path() + "/absent"), Reason::target_not_found);
    EXPECT_EQ(reason(path() + "/data/below"), Reason::target_not_found);
    EXPECT_EQ(reason("data"), Reason::target_not_executable);
    EXPECT_EQ(reason("folder"), Reason::target_not_executable);
    EXPECT_EQ(reason(path() + "/folder"), Reason::target_not_executable);
}

TEST_F(Target, AnotherArchitectureIsRefused) {
    program("i386", elf_header(ELFCLASS32, EM_386));
    program("x32", elf_header(ELFCLASS32, EM_X86_64));
    program("arm", elf_header(ELFCLASS64, EM_AARCH64));
    program("good", good_);
    EXPECT_EQ(reason("i386"), Reason::target_architecture);
    EXPECT_EQ(reason("x32"), Reason::target_architecture);
    EXPECT_EQ(reason("arm"), Reason::target_architecture);
    EXPECT_TRUE(find_target("good", path().c_str()));
}

TEST_F(Target, SetIdProgramsAreRefusedAsTheKernelWouldHonourThem) {
    program("suid", good_, 04755);
    program("sgid", good_, 02755);
    program("locking", good_, 02744);  // set-gid without group execution: mandatory locking, no right
    EXPECT_EQ(reason("suid"), Reason::target_setuid);
    EXPECT_EQ(reason("sgid"), Reason::target_setuid);
    EXPECT_EQ(reason("locking"), Reason::internal);
}

TEST_F(Target, ForAScriptTheInterpreterCounts) {
    const auto suid = program("suid", good_, 04755);
    const auto arm = program("arm", elf_header(ELFCLASS64, EM_AARCH64));
    const auto good = program("good", good_);
    program("a", "#!" + good + "\n");
    program("b", "#! \t" + good + " -x\n");
    program("c", "#!" + path() + "/a\n");               // a script as interpreter of a script
    program("suid-script", "#!" + good + "\n", 04755);  // the kernel ignores the bit on a script
    program("d", "#!" + suid + "\n");
    program("e", "#!" + arm + "\n");
    program("f", "#!/no/such/interpreter\n");
    for (const char* name : {"a", "b", "c", "suid-script"})
        EXPECT_TRUE(find_target(name, path().c_str())) << name;
    EXPECT_EQ(reason("d"), Reason::target_setuid);
    EXPECT_EQ(reason("e"), Reason::target_architecture);
    EXPECT_EQ(reason("f"), Reason::target_not_found);
    program("loop", "#!" + path() + "/loop\n");
    EXPECT_EQ(reason("loop"), Reason::target_not_executable);
}

TEST_F(Target, TextWithoutInterpreterIsLeftToTheShell) {
    program("plain", "echo hello\n");
    program("empty", "");
    EXPECT_TRUE(find_target("plain", path().c_str()));
    EXPECT_TRUE(find_target("empty", path().c_str()));
}

TEST_F(Target, FileCapabilitiesAreRefused) {
    const auto path_of = program("capable", good_);
    // Revision 2, CAP_NET_BIND_SERVICE permitted and effective (struct vfs_cap_data).
    const std::array<std::uint32_t, 5> capability{0x02000001, 1U << 10, 0, 0, 0};
    if (::setxattr(path_of.c_str(), "security.capability", capability.data(), sizeof capability, 0) < 0)
        GTEST_SKIP() << "no right to set file capabilities";
    EXPECT_EQ(reason("capable"), Reason::target_file_capabilities);
}

TEST_F(Target, AFileThatItsUserMayNotReadIsRefused) {
    const auto path_of = program("unreadable", good_, 0711);
    ::chmod(path().c_str(), 0755);
    const int code = test::as_user(65534, [&] {
        const auto target = find_target(path_of, nullptr);
        return !target && target.error().reason == Reason::guard_not_permitted ? 0 : 1;
    });
    if (code < 0) GTEST_SKIP() << "no right to become another user";
    EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace ct::run
