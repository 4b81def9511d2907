// SPDX-License-Identifier: Apache-2.0
#include "support/root_view.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "base/fd.h"

namespace ct::test::root_view {
namespace {

struct Range {
    std::uint64_t from = 0, to = 0;
    std::string flags, name;
    [[nodiscard]] bool secret() const { return name.starts_with("/secretmem"); }
    [[nodiscard]] std::size_t size() const { return to - from; }
};

std::string proc(int pid, const std::string& file) { return "/proc/" + std::to_string(pid) + "/" + file; }

std::vector<Range> ranges_of(int pid) {
    std::vector<Range> ranges;
    std::ifstream maps(proc(pid, "maps"));
    for (std::string line; std::getline(maps, line);) {
        Range range;
        std::istringstream words(line);
        std::string span, offset, device, inode;
        words >> span >> range.flags >> offset >> device >> inode >> std::ws;
        std::getline(words, range.name);
        const auto dash = span.find('-');
        range.from = std::stoull(span.substr(0, dash), nullptr, 16);
        range.to = std::stoull(span.substr(dash + 1), nullptr, 16);
        if (range.flags.starts_with("r") && range.name != "[vvar]" && range.name != "[vsyscall]")
            ranges.push_back(range);
    }
    return ranges;
}

// Where the value lies when it is delivered: on the first stack (plainly), or on a secret page.
std::vector<Range> targets_of(int pid) {
    auto ranges = ranges_of(pid);
    std::erase_if(ranges, [](const Range& range) { return !range.secret() && range.name != "[stack]"; });
    return ranges;
}

std::size_t count(std::string_view text, std::string_view value) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = text.find(value, at)) != std::string_view::npos; at += value.size())
        ++found;
    return found;
}

// Reads what can be read of a range, page by page where a page refuses.
std::string read_range(const Range& range, const std::function<ssize_t(void*, std::size_t, std::uint64_t)>& read,
                       int& failed) {
    constexpr std::size_t kPage = 4096;
    std::string out(range.size(), '\0');
    const ssize_t whole = read(out.data(), out.size(), range.from);
    if (whole == static_cast<ssize_t>(out.size())) return out;
    for (std::size_t at = 0; at < out.size(); at += kPage)
        if (read(out.data() + at, kPage, range.from + at) < 0) failed = errno;
    return out;
}

Sighting over_targets(int pid, const std::string& attack, const std::string& value,
                      const std::function<ssize_t(void*, std::size_t, std::uint64_t)>& read) {
    Sighting sighting{attack, false, ""};
    int failed = 0;
    for (const auto& range : targets_of(pid)) {
        int error = 0;
        if (count(read_range(range, read, error), value) > 0) sighting.found = true;
        if (range.secret() && error != 0) failed = error;
    }
    sighting.words = sighting.found
                         ? "the value"
                         : (failed != 0 ? std::string("on the secret page: ") + std::strerror(failed) : "nothing");
    return sighting;
}

}  // namespace

std::string environ_entry(int pid, const std::string& name) {
    const auto environment = read_file(proc(pid, "environ"), 1 << 22).value_or("");
    const std::string key = name + "=";
    std::size_t at = environment.starts_with(key) ? 0 : environment.find('\0' + key);
    if (at == std::string::npos) return "absent";
    if (environment[at] == '\0') ++at;
    const std::string entry = environment.substr(at, environment.find('\0', at) - at);
    return entry == key ? key : key + "...";
}

Sighting read_environ(int pid, const std::string& name, const std::string& value) {
    const auto environment = read_file(proc(pid, "environ"), 1 << 22).value_or("");
    const bool found = environment.find(value) != std::string::npos;
    return {"read /proc/PID/environ", found, found ? "the value" : environ_entry(pid, name) + " and nothing behind it"};
}

Sighting read_proc_mem(int pid, const std::string& value) {
    const Fd memory(::open(proc(pid, "mem").c_str(), O_RDONLY | O_CLOEXEC));
    return over_targets(pid, "read /proc/PID/mem", value, [&](void* into, std::size_t size, std::uint64_t from) {
        return ::pread(memory.get(), into, size, static_cast<off_t>(from));
    });
}

Sighting read_with_process_vm_readv(int pid, const std::string& value) {
    return over_targets(pid, "process_vm_readv", value, [&](void* into, std::size_t size, std::uint64_t from) {
        const iovec local{into, size},
            remote{reinterpret_cast<void*>(from), size};  // NOLINT: an address of another process
        return ::process_vm_readv(pid, &local, 1, &remote, 1, 0);
    });
}

Sighting read_with_ptrace(int pid, const std::string& value) {
    if (::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) < 0) return {"ptrace PEEKDATA", false, std::strerror(errno)};
    ::ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr);
    int status = 0;
    ::waitpid(pid, &status, __WALL);
    auto sighting =
        over_targets(pid, "ptrace PEEKDATA", value, [&](void* into, std::size_t size, std::uint64_t from) -> ssize_t {
            for (std::size_t at = 0; at < size; at += sizeof(long)) {
                errno = 0;
                const long word = ::ptrace(PTRACE_PEEKDATA, pid, from + at, nullptr);
                if (errno != 0) return -1;
                std::memcpy(static_cast<char*>(into) + at, &word, std::min(sizeof word, size - at));
            }
            return static_cast<ssize_t>(size);
        });
    ::ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
    return sighting;
}

Sighting steal_descriptors(int pid, const std::string& value) {
    Sighting sighting{"pidfd_getfd + mmap", false, ""};
    auto target = pidfd_open(pid);
    if (!target) return {sighting.attack, false, target.error().to_string()};
    int stolen = 0;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(proc(pid, "fd"), error)) {
        const Fd copy(
            static_cast<int>(::syscall(SYS_pidfd_getfd, target->get(), std::stoi(entry.path().filename()), 0)));
        if (!copy) continue;
        ++stolen;
        struct stat info{};
        if (::fstat(copy.get(), &info) < 0 || info.st_size == 0 || info.st_size > (1 << 26)) continue;
        void* at = ::mmap(nullptr, static_cast<std::size_t>(info.st_size), PROT_READ, MAP_SHARED, copy.get(), 0);
        if (at == MAP_FAILED) continue;  // NOLINT: the macro's cast
        if (count({static_cast<char*>(at), static_cast<std::size_t>(info.st_size)}, value) > 0) sighting.found = true;
        ::munmap(at, static_cast<std::size_t>(info.st_size));
    }
    sighting.words = sighting.found ? "the value" : std::to_string(stolen) + " descriptors, none of them the secret's";
    return sighting;
}

std::vector<Sighting> attack(int pid, const std::string& name, const std::string& value) {
    return {read_environ(pid, name, value), read_proc_mem(pid, value), read_with_process_vm_readv(pid, value),
            read_with_ptrace(pid, value), steal_descriptors(pid, value)};
}

Copies copies_outside(int pid, const std::string& value) {
    Copies copies;
    const Fd memory(::open(proc(pid, "mem").c_str(), O_RDONLY | O_CLOEXEC));
    for (const auto& range : ranges_of(pid)) {
        if (range.secret() || range.size() > (std::size_t{1} << 30)) continue;
        int error = 0;
        const auto content = read_range(
            range,
            [&](void* into, std::size_t size, std::uint64_t from) {
                return ::pread(memory.get(), into, size, static_cast<off_t>(from));
            },
            error);
        const std::size_t found = count(content, value);
        copies.count += found;
        if (found > 0) copies.where.push_back(range.name.empty() ? "anonymous" : range.name);
    }
    return copies;
}

std::string tier_of(int pid, const std::string& name, const std::string& value) {
    if (read_environ(pid, name, value).found) return "D";
    return copies_outside(pid, value).count > 0 ? "B" : "A";
}

std::vector<std::string> secret_mappings(int pid) {
    std::vector<std::string> out;
    std::ifstream smaps(proc(pid, "smaps"));
    bool secret = false;
    for (std::string line; std::getline(smaps, line);) {
        if (line.find("/secretmem") != std::string::npos) {
            secret = true;
            out.push_back(line.substr(0, line.find(' ')) + " /secretmem");
        } else if (secret && line.starts_with("VmFlags:")) {
            out.back() += line.find(" dd") != std::string::npos ? ", excluded from dumps" : "";
            secret = false;
        }
    }
    return out;
}

}  // namespace ct::test::root_view
