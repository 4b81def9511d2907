// SPDX-License-Identifier: Apache-2.0
#include "clients/run/guard.h"

#include <elf.h>
#include <sys/auxv.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "clients/run/secret_page.h"

namespace ct::run {
namespace {

constexpr std::size_t kBuffer =
    4096;  // secret memory for strings under survey: one page, as each costs the kernel a TLB flush

// The code of our own vdso. It is an ELF file in memory; its one PT_LOAD covers all of it.
ByteView own_vdso() {
    const auto* base = reinterpret_cast<const std::uint8_t*>(::getauxval(AT_SYSINFO_EHDR));  // NOLINT: the kernel's way
    if (base == nullptr) return {};
    const auto* header = reinterpret_cast<const Elf64_Ehdr*>(base);
    const auto* segments = reinterpret_cast<const Elf64_Phdr*>(base + header->e_phoff);  // NOLINT: the kernel's way
    for (int i = 0; i < header->e_phnum; ++i)
        if (segments[i].p_type == PT_LOAD) return {base, segments[i].p_memsz};
    return {};
}

}  // namespace

Result<GuardMemory> GuardMemory::create() {
    CT_TRY(auto fingerprints, Fingerprints::create(best_protection()));
    CT_TRY(auto buffer, SecretMapping::create(kBuffer, best_protection()));
    buffer.bytes().front() = 0;  // the kernel takes the page out of its own map now, not while a program waits
    return GuardMemory{std::move(fingerprints), std::move(buffer)};
}

Guard::Guard(EventLoop& loop, Tree tree, std::function<void(int, int)> child_ended)
    : loop_(loop), tree_(std::move(tree)), child_ended_(std::move(child_ended)) {
    tree_.spare.reserve(kSpareStandIns);
}

Result<std::unique_ptr<Guard>> Guard::create(EventLoop& loop, Armory& armory, Setup setup) {
    CT_CHECK(check_entries(setup.first));
    CT_TRY(const auto content, open_page(setup.first));
    const auto syscall_in_vdso = find_syscall(own_vdso());
    if (!syscall_in_vdso)
        return fail(Reason::guard_not_permitted, "the kernel runs without a vdso (boot option vdso=0)");
    std::vector<std::string> names;
    std::vector<bool> rearm;
    for (const auto& entry : setup.first.entries) {
        names.push_back(entry.name);
        rearm.push_back(entry.rearm);
    }
    Mark mark;
    if (::getrandom(mark.data(), mark.size(), 0) != static_cast<ssize_t>(mark.size()))
        return fail_errno(Reason::io_failed, "getrandom");
    Tree tree{Listener(std::move(setup.listener)),
              armory,
              std::move(setup.memory.fingerprints),
              std::move(setup.memory.buffer),
              best_protection(),
              setup.program,
              std::move(setup.first),
              std::move(names),
              std::move(rearm),
              mark,
              0,
              *syscall_in_vdso,
              std::move(setup.hooks)};
    std::unique_ptr<Guard> guard(new Guard(loop, std::move(tree), std::move(setup.child_ended)));
    CT_CHECK(guard->watch());
    return guard;
}

Status Guard::watch() {
    CT_TRY(child_source_, loop_.add_signal(SIGCHLD, [this] { reap(); }));
    CT_TRY(listener_source_,
           loop_.add_io(tree_.listener.fd(), EPOLLIN, [this](std::uint32_t events) { on_listener(events); }));
    return {};
}

void Guard::on_listener(std::uint32_t events) {
    reap();  // the end of a thread comes before the first exec of the next one with its id
    if ((events & EPOLLIN) != 0) {
        auto call = tree_.listener.next();
        if (call && *call) begin(**call);
    } else if ((events & EPOLLHUP) != 0) {
        loop_.exit(0);  // nobody runs under the filter any more
    }
}

void Guard::begin(const ExecCall& call) {
    if (const auto known = passages_.find(call.tid); known != passages_.end())
        known->second->mailbox().put({Event::Kind::call, 0, call});
    else if (shares_process_with_a_passage(call.tid))
        deferred_.push_back(call);
    else
        carry(call);
}

// While one thread of a process is inside execve, the kernel lets nobody attach to another one, and waits for us to reap those
// that it killed. So two threads of one process go one after the other.
bool Guard::shares_process_with_a_passage(int tid) const {
    return std::ranges::any_of(passages_, [tid](const auto& passage) {
        const std::string thread = "/proc/" + std::to_string(passage.first) + "/task/" + std::to_string(tid);
        return ::access(thread.c_str(), F_OK) == 0;
    });
}

void Guard::begin_deferred() {
    for (const auto& call : std::exchange(deferred_, {}))
        if (tree_.listener.still_waits(call)) begin(call);
}

Job Guard::carry(ExecCall call) {
    Passage passage(tree_, call);
    passages_[call.tid] = &passage;
    const Status outcome = co_await passage.run();
    std::erase_if(passages_, [&](const auto& entry) { return entry.second == &passage; });
    if (!outcome && outcome.error().reason != Reason::cancelled && !passage.is_first())
        tree_.hooks.note(outcome.error(), passage.tid());
    if (!deferred_.empty()) begin_deferred();
}

void Guard::reap() {
    for (;;) {
        int status = 0;
        const int pid = ::waitpid(-1, &status, __WALL | WNOHANG);
        if (pid <= 0) return;
        const Event event = event_from_status(status);
        if (event.kind == Event::Kind::exec) on_exec_stop(pid);
        const auto passage = passages_.find(pid);
        if (passage != passages_.end())
            passage->second->mailbox().put(event);
        else if (event.kind != Event::Kind::gone)
            ::ptrace(PTRACE_DETACH, pid, nullptr, nullptr);  // let go of by a passage that had to give up
        if (event.kind == Event::Kind::gone) child_ended_(pid, status);
    }
}

// An exec by a thread that was not the leader: from here on it bears the leader's id. A passage of the old leader has ended
// without a word: the kernel reports no end for it.
void Guard::on_exec_stop(int pid) {
    const auto former = former_tid(pid);
    if (!former || *former == pid) return;
    const auto mover = passages_.find(*former);
    if (mover == passages_.end()) return;
    Passage* passage = mover->second;
    passages_.erase(mover);
    if (const auto old = passages_.find(pid); old != passages_.end()) old->second->mailbox().put({Event::Kind::gone});
    passage->renamed(pid);
    passages_[pid] = passage;
}

}  // namespace ct::run
