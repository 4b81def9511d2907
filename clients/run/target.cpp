// SPDX-License-Identifier: Apache-2.0
#include "clients/run/target.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string_view>

#include "base/fd.h"

namespace ct::run {
namespace {

constexpr int kInterpreters = 5;          // the kernel follows so many "#!" lines (fs/exec.c)
constexpr std::size_t kFirstBytes = 256;  // that it looks at (BINPRM_BUF_SIZE)

bool is_program(const std::string& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
           ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0;
}

std::unexpected<Error> not_startable(const std::string& path, int error_number) {
    if (error_number == ENOENT || error_number == ENOTDIR)
        return fail(Reason::target_not_found, "'" + path + "' does not exist");
    return fail(Reason::target_not_executable, "'" + path + "' is no file that this user may execute");
}

// The interpreter of "#! interpreter argument"; empty when the file is no script.
std::string interpreter_of(std::string_view first_bytes) {
    if (!first_bytes.starts_with("#!")) return {};
    auto line = first_bytes.substr(2, first_bytes.find('\n') - 2);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return std::string(line.substr(0, line.find_first_of(std::string_view(" \t\0", 3))));
}

Status check_elf(const std::string& path, std::string_view first_bytes) {
    if (!first_bytes.starts_with(ELFMAG)) return {};  // no ELF: execve will say what it thinks of it
    Elf64_Ehdr header{};
    if (first_bytes.size() < sizeof header) return {};
    std::memcpy(&header, first_bytes.data(), sizeof header);
    if (header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_machine == EM_X86_64) return {};
    return fail(Reason::target_architecture,
                "'" + path + "' is no 64-bit x86 program; secrets reach those only: use a 64-bit build");
}

Status check_rights(const std::string& path, const Fd& file) {
    struct stat status{};
    if (::fstat(file.get(), &status) < 0) return fail_errno(Reason::io_failed, path);
    const bool set_gid = (status.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
    if ((status.st_mode & S_ISUID) != 0 || set_gid)
        return fail(Reason::target_setuid,
                    "'" + path +
                        "' is set-uid or set-gid; it would lose that right, or take the secret to another user. "
                        "Start it without cloudtaser-run and let it read its secret by file");
    char capability[64];
    if (::fgetxattr(file.get(), "security.capability", capability, sizeof capability) > 0)
        return fail(
            Reason::target_file_capabilities,
            "'" + path +
                "' has file capabilities, which it would lose; give them to the unit (AmbientCapabilities=) instead");
    return {};
}

}  // namespace

Status check_image(const std::string& path) {
    std::string image = path;
    for (int depth = 0; depth <= kInterpreters; ++depth) {
        const Fd file(::open(image.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
        if (!file) {
            if (errno == EACCES)
                return fail(Reason::guard_not_permitted,
                            "'" + image +
                                "' may be executed but not read by this user: the kernel "
                                "then forbids to reach into the program; make it readable");
            return not_startable(image, errno);
        }
        std::array<char, kFirstBytes> start{};
        const ssize_t size = ::pread(file.get(), start.data(), start.size(), 0);
        if (size < 0) return fail_errno(Reason::target_not_executable, "'" + image + "'");
        const std::string_view first_bytes(start.data(), static_cast<std::size_t>(size));
        const std::string interpreter = interpreter_of(first_bytes);
        if (interpreter.empty()) {
            CT_CHECK(check_rights(image, file));
            return check_elf(image, first_bytes);
        }
        if (!is_program(interpreter))
            return fail(Reason::target_not_found,
                        "'" + image + "': its interpreter '" + interpreter + "' does not exist or is not executable");
        image = interpreter;
    }
    return fail(Reason::target_not_executable, "'" + path + "': too many interpreters");
}

Result<std::string> find_target(const std::string& program, const char* path) {
    if (program.empty()) return fail(Reason::target_not_found, "the program's name is empty");
    std::string found;
    if (program.find('/') != std::string::npos) {
        struct stat status{};
        if (::stat(program.c_str(), &status) < 0) return not_startable(program, errno);
        if (!is_program(program)) return not_startable(program, EACCES);
        found = program;
    } else {
        std::string_view rest = path != nullptr ? path : "/bin:/usr/bin";  // execvp's own default
        bool forbidden = false;
        for (bool last = false; found.empty() && !last;) {
            const auto colon = rest.find(':');
            last = colon == std::string_view::npos;
            const std::string folder(rest.substr(0, colon));
            const std::string candidate =
                folder.empty() ? program : folder + "/" + program;  // empty: the working directory
            if (!last) rest.remove_prefix(colon + 1);
            if (is_program(candidate))
                found = candidate;
            else
                forbidden = forbidden || ::access(candidate.c_str(), F_OK) == 0;
        }
        if (found.empty() && forbidden) return not_startable(program, EACCES);
        if (found.empty()) return fail(Reason::target_not_found, "no '" + program + "' in PATH");
    }
    CT_CHECK(check_image(found));
    return found;
}

}  // namespace ct::run
