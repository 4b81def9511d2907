// SPDX-License-Identifier: Apache-2.0
// The exec guard of one process tree: hears of each exec, carries each by a Passage, many at once. It ends its loop when
// the last process of the tree is gone.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "clients/run/passage.h"
#include "loop/event.h"

namespace ct::run {

// The guard's own secret memory, which needs no session yet.
struct GuardMemory {
    Fingerprints fingerprints;
    SecretMapping buffer;
    // secret_memory_unavailable, memlock_limit.
    static Result<GuardMemory> create();
};

class Guard {
public:
    struct Setup {
        GuardMemory memory;
        Fd listener;
        int program = 0;  // pid of the launched program
        Armed first;      // armed for it
        Tree::Hooks hooks;
        // A child of this process ended that is no traced one; also a traced one that is our child.
        std::function<void(int pid, int status)> child_ended = [](int, int) {};
    };
    // secret_memory_unavailable, malformed.
    static Result<std::unique_ptr<Guard>> create(EventLoop& loop, Armory& armory, Setup setup);

    [[nodiscard]] bool started() const { return tree_.started(); }

private:
    Guard(EventLoop& loop, Tree tree, std::function<void(int, int)> child_ended);
    Status watch();
    void on_listener(std::uint32_t events);
    void reap();
    void on_exec_stop(int pid);
    void begin(const ExecCall& call);
    void begin_deferred();
    Job carry(ExecCall call);
    [[nodiscard]] bool shares_process_with_a_passage(int tid) const;

    EventLoop& loop_;
    Tree tree_;
    std::function<void(int, int)> child_ended_;
    std::map<int, Passage*> passages_;  // by thread
    std::vector<ExecCall> deferred_;
    Source listener_source_, child_source_;
};

}  // namespace ct::run
