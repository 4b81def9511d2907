// SPDX-License-Identifier: Apache-2.0
#include "support/attackers.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <functional>

#include "base/fd.h"
#include "support/private_bus.h"
#include "support/scan.h"

namespace ct::test {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kMost = 256 << 20;       // bytes of one mapping that an attacker bothers with
constexpr std::uint64_t kReserved = 4ULL << 30;  // larger ones are address space that a sanitizer or a JVM keeps free

std::string words(int error_number) { return std::strerror(error_number); }  // NOLINT(concurrency-mt-unsafe): tests

// Reads `size` bytes at an address of the victim; what comes back may be shorter.
using Reader = std::function<std::string(std::uint64_t address, std::size_t size)>;

// Every mapping of the victim, through one way of reading. Refusals are kept to be told.
Loot search_memory(
    std::string name, int pid, std::string_view secret, const Reader& read,
    const std::function<bool(const Mapping&)>& wanted = [](const Mapping&) { return true; }) {
    Loot loot{std::move(name), false, {}};
    const auto all = mappings(pid);
    if (!all) {
        loot.detail = all.error().to_string();
        return loot;
    }
    std::string refused;
    for (const auto& mapping : *all) {
        if (mapping.name.starts_with("[v") || !wanted(mapping)) continue;
        std::string tail;
        const std::uint64_t most = mapping.end - mapping.start > kReserved ? kMost / 16 : kMost;
        for (std::uint64_t at = mapping.start; at < std::min(mapping.end, mapping.start + most); at += 64 * kPage) {
            errno = 0;
            const std::string piece = read(at, std::min(mapping.end - at, 64 * kPage));
            if (piece.empty() && (mapping.is_secret() || refused.empty()))
                refused = (mapping.name.empty() ? "anonymous memory" : mapping.name) + ": " + words(errno);
            tail += piece;
            if (tail.find(secret) != std::string::npos) {
                loot.saw = true;
                loot.detail = "in " + (mapping.name.empty() ? "anonymous memory" : mapping.name);
                return loot;
            }
            tail = tail.substr(tail.size() - std::min(tail.size(), secret.size()));
        }
    }
    loot.detail = refused.empty() ? "nothing found" : refused;
    return loot;
}

// Looks into a file by read(2) and by mmap(2).
bool file_holds(int fd, std::string_view secret, std::string& detail) {
    std::string bytes(1 << 20, '\0');
    const ssize_t got = ::pread(fd, bytes.data(), bytes.size(), 0);
    if (got > 0 && bytes.substr(0, static_cast<std::size_t>(got)).find(secret) != std::string::npos) {
        detail = "read from descriptor";
        return true;
    }
    struct stat status{};
    if (::fstat(fd, &status) < 0 || status.st_size == 0 || !(S_ISREG(status.st_mode) || status.st_size > 0))
        return false;
    const auto size = std::min<std::size_t>(static_cast<std::size_t>(status.st_size), kMost);
    void* at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) return false;  // NOLINT: the macro's cast
    const bool found = ::memmem(at, size, secret.data(), secret.size()) != nullptr;
    ::munmap(at, size);
    if (found) detail = "mapped from descriptor";
    return found;
}

// The victim is stopped while it lives.
class Attached {
public:
    explicit Attached(int pid) : pid_(pid) {
        if (::ptrace(PTRACE_ATTACH, pid, nullptr, nullptr) < 0)
            error_ = errno;
        else
            ::waitpid(pid, nullptr, __WALL);
    }
    Attached(const Attached&) = delete;
    Attached& operator=(const Attached&) = delete;
    ~Attached() {
        if (error_ == 0) ::ptrace(PTRACE_DETACH, pid_, nullptr, nullptr);
    }
    [[nodiscard]] int error() const { return error_; }

private:
    int pid_;
    int error_ = 0;
};

std::string vm_read(int pid, std::uint64_t address, std::size_t size) {
    std::string bytes(size, '\0');
    const iovec local{bytes.data(), size}, remote{reinterpret_cast<void*>(address), size};  // NOLINT: the victim's
    const ssize_t got = ::process_vm_readv(pid, &local, 1, &remote, 1, 0);
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
}

}  // namespace

Loot read_environ(int pid, std::string_view secret) {
    Loot loot{"read /proc/PID/environ", false, {}};
    const auto block = environment_block(pid);
    loot.saw = block && block->find(secret) != std::string::npos;
    loot.detail = !block ? block.error().to_string() : loot.saw ? "in the environment block" : "name without value";
    return loot;
}

Loot read_proc_mem(int pid, std::string_view secret) {
    const Fd mem(::open(("/proc/" + std::to_string(pid) + "/mem").c_str(), O_RDONLY | O_CLOEXEC));
    if (!mem) return {"read /proc/PID/mem", false, words(errno)};
    return search_memory("read /proc/PID/mem", pid, secret, [&](std::uint64_t address, std::size_t size) {
        std::string bytes(size, '\0');
        const ssize_t got = ::pread(mem.get(), bytes.data(), size, static_cast<off_t>(address));
        bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return bytes;
    });
}

Loot read_by_vm_readv(int pid, std::string_view secret) {
    return search_memory("process_vm_readv", pid, secret,
                         [&](std::uint64_t address, std::size_t size) { return vm_read(pid, address, size); });
}

Loot read_by_peek(int pid, std::string_view secret) {
    const Attached attached(pid);
    if (attached.error() != 0) return {"ptrace PEEKDATA", false, words(attached.error())};
    return search_memory(
        "ptrace PEEKDATA", pid, secret,
        [&](std::uint64_t address, std::size_t size) {
            std::string bytes;
            for (std::uint64_t at = address; at < address + size; at += 8) {
                errno = 0;
                const long word = ::ptrace(PTRACE_PEEKDATA, pid, at, nullptr);
                if (errno != 0) break;
                bytes.append(reinterpret_cast<const char*>(&word), 8);  // NOLINT: raw bytes
            }
            return bytes;
        },
        [](const Mapping& mapping) {
            return (mapping.name.empty() || mapping.name[0] == '[' || mapping.is_secret()) &&
                   mapping.end - mapping.start <= (8U << 20);
        });
}

Loot open_map_files(int pid, std::string_view secret) {
    Loot loot{"open /proc/PID/map_files", false, {}};
    const auto all = mappings(pid);
    if (!all) return {loot.attack, false, all.error().to_string()};
    for (const auto& mapping : *all) {
        if (mapping.name.empty() || mapping.name[0] != '/') continue;
        char file[64];
        std::snprintf(file, sizeof file, "/proc/%d/map_files/%lx-%lx", pid, mapping.start, mapping.end);
        const Fd fd(::open(file, O_RDONLY | O_CLOEXEC));
        if (!fd && (loot.detail.empty() || mapping.is_secret())) loot.detail = mapping.name + ": " + words(errno);
        if (fd && file_holds(fd.get(), secret, loot.detail)) loot.saw = true;
    }
    if (loot.detail.empty()) loot.detail = "nothing found";
    return loot;
}

Loot steal_descriptors(int pid, std::string_view secret) {
    Loot loot{"pidfd_getfd of every descriptor", false, "nothing found"};
    const auto pidfd = pidfd_open(pid);
    if (!pidfd) return {loot.attack, false, pidfd.error().to_string()};
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd", error)) {
        const std::string name = entry.path().filename();
        int number = -1;
        std::from_chars(name.data(), name.data() + name.size(), number);
        const Fd stolen(static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd->get(), number, 0)));
        if (!stolen) {
            loot.detail = words(errno);
        } else if (std::string how; file_holds(stolen.get(), secret, how)) {
            loot.saw = true;
            loot.detail = "descriptor " + name + ", " + how;
            return loot;
        }
    }
    if (error) loot.detail = error.message();
    return loot;
}

Loot dump_core(int pid, std::string_view secret) {
    const Attached attached(pid);
    if (attached.error() != 0) return {"core dump", false, words(attached.error())};
    user_regs_struct registers{};
    user_fpregs_struct vectors{};
    std::string core;
    if (::ptrace(PTRACE_GETREGS, pid, nullptr, &registers) == 0)
        core.append(reinterpret_cast<const char*>(&registers), sizeof registers);
    if (::ptrace(PTRACE_GETFPREGS, pid, nullptr, &vectors) == 0)
        core.append(reinterpret_cast<const char*>(&vectors), sizeof vectors);
    if (core.find(secret.substr(0, 16)) != std::string::npos) return {"core dump", true, "in the registers"};
    const Fd mem(::open(("/proc/" + std::to_string(pid) + "/mem").c_str(), O_RDONLY | O_CLOEXEC));
    Loot loot = search_memory("core dump", pid, secret, [&](std::uint64_t address, std::size_t size) {
        std::string bytes = vm_read(pid, address, size);
        if (!bytes.empty()) return bytes;
        bytes.resize(size);
        const ssize_t got = ::pread(mem.get(), bytes.data(), size, static_cast<off_t>(address));
        bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return bytes;
    });
    return loot;
}

std::vector<Loot> attack(int pid, std::string_view secret) {
    std::vector<Loot> all;
    for (const auto one :
         {read_environ, read_proc_mem, read_by_vm_readv, read_by_peek, open_map_files, steal_descriptors, dump_core})
        all.push_back(one(pid, secret));
    return all;
}

std::vector<Loot> attack_as(unsigned uid, int pid, std::string_view secret) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) return {};
    const Fd read_end(ends[0]);
    Fd write_end(ends[1]);
    const int code = as_user(uid, [&] {
        std::string report;
        for (const auto& loot : attack(pid, secret))
            report.append(loot.attack)
                .append(1, '\0')
                .append(loot.saw ? "1" : "0")
                .append(1, '\0')
                .append(loot.detail)
                .push_back('\0');
        return write_all(write_end.get(), report.data(), report.size()) ? 0 : 1;
    });
    write_end.reset();
    std::vector<Loot> all;
    if (code != 0) return all;
    const std::string report = read_fd(read_end.get(), 1 << 20).value_or("");
    std::string_view rest = report;
    const auto field = [&] {
        const auto end = rest.find('\0');
        std::string text(rest.substr(0, end));
        rest.remove_prefix(std::min(rest.size(), end + 1));
        return text;
    };
    while (!rest.empty()) {
        Loot loot;
        loot.attack = field();
        loot.saw = field() == "1";
        loot.detail = field();
        all.push_back(std::move(loot));
    }
    return all;
}

}  // namespace ct::test
