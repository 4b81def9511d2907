// SPDX-License-Identifier: Apache-2.0
// One exec, carried from the caller's execve to the first instruction of the new image (docs/delivery.md has the picture):
//
//   survey   read the caller's envp; which strings are secrets? None: let it pass untouched.
//   hold     stop the caller before the kernel has read anything, hold its signals back
//   hide     put a stand-in envp into it that says NAME= for each secret, and let it call execve with that
//   enter    the new image is in place; its stack carries names only. A failed exec: put everything back
//   arm      ask for a page of this process's own
//   equip    descriptor in, map read-only, descriptor out, envp[i] to the mapping
//   release  signals back, let go
//
// The value is never given to the kernel to copy, so no moment exists in which it lies on a stack.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "clients/run/armory.h"
#include "clients/run/caller_environment.h"
#include "clients/run/event.h"
#include "clients/run/placement.h"
#include "clients/run/task.h"
#include "clients/run/tracee.h"

namespace ct::run {

// A stand-in that outlived its exec, because caller and parent share memory (vfork, posix_spawn): used again by the next one.
struct SpareStandIn {
    std::uint64_t address;
    std::size_t size;
    Mark mark;
    bool busy;
};

inline constexpr std::size_t kSpareStandIns = 64;

// What all passages of one tree share.
struct Tree {
    struct Hooks {
        // The launched program can't have its secrets. `started` = false: its exec is refused right after; true: it has been
        // replaced by the new image already, which ends with kRefusedExit.
        std::function<void(const Error& error, bool started)> refused;
        std::function<void()> started;                          // the launched program has its secrets
        std::function<void(const Error& error, int pid)> note;  // for the log: another exec of the tree
    };
    Listener listener;
    Armory& armory;
    Fingerprints fingerprints;
    SecretMapping buffer;
    Protection protection;
    int program = 0;                 // pid of the launched program
    std::optional<Armed> first;      // for the launched program's own exec: armed before, so that a refusal comes early
    std::vector<std::string> names;  // secrets by number
    std::vector<bool> rearm;
    Mark mark{};                      // of the directories in the tree's processes
    std::size_t longest_mapping = 0;  // so far
    std::size_t syscall_in_vdso = 0;  // offset; one kernel maps one vdso into all its 64-bit programs
    Hooks hooks;
    std::vector<SpareStandIn> spare = {};  // kSpareStandIns are reserved: passages point to them

    [[nodiscard]] bool started() const { return !first.has_value(); }
};

inline constexpr int kRefusedExit = 125;

class Passage {
public:
    Passage(Tree& tree, const ExecCall& call) : tree_(tree), call_(call), tid_(call.tid) {}
    Passage(const Passage&) = delete;
    Passage& operator=(const Passage&) = delete;

    // An error is for the log: what had to be done about it is done. `cancelled`: the process is gone.
    Task<Status> run();
    Mailbox& mailbox() { return mailbox_; }
    [[nodiscard]] int tid() const { return tid_; }
    void renamed(int tid) { tid_ = tid; }
    [[nodiscard]] bool is_first() const { return first_; }  // the launched program's own exec

private:
    struct Place {
        std::uint64_t address = 0;
        std::size_t size = 0;
        Mark mark{};
        SpareStandIn* spare = nullptr;
    };

    Status refuse(Error error, int error_number);
    bool is_child() const;
    std::vector<HandedOn> to_deliver() const;

    Task<Result<Event>> reach(Event::Kind kind, Event::Kind other);
    Task<Result<Event>> reach(Event::Kind kind) { return reach(kind, kind); }
    Task<Result<std::int64_t>> remote(std::uint64_t instruction, long number, std::array<std::uint64_t, 6> arguments);

    Task<Status> hold();
    Task<Status> hide();
    Task<Result<bool>> enter();  // false: the exec failed, and the caller has its error
    Task<Status> give_back(std::int64_t outcome);
    void settle_place();
    Task<Status> equip();
    Task<Result<Armed>> arm();
    Status read_image();
    Result<std::vector<Grant>> grants(const Armed& armed) const;
    Task<Result<int>> insert(const Fd& page);
    Task<Status> map(const Fd& page, std::size_t size, std::span<const Grant> granted, const PageLayout& layout);
    Task<Status> tell(const Error& error);
    Task<Status> end_program(const Error& error);
    Status release(const arch::Registers& registers);

    Tree& tree_;
    ExecCall call_;
    int tid_;
    Mailbox mailbox_;
    bool first_ = false;
    CallerEnvironment caller_;
    std::optional<Tracee> tracee_;
    std::uint64_t blocked_ = 0;
    arch::Registers base_{};  // of the caller while it is held, of the new image later on
    Place place_;
    std::uint64_t envp_ = 0;     // in the new image
    std::uint64_t syscall_ = 0;  // a syscall instruction in the new image
};

}  // namespace ct::run
