// SPDX-License-Identifier: Apache-2.0
#include "clients/run/passage.h"

#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstring>

#include "clients/run/limit_lift.h"
#include "clients/run/secret_page.h"

namespace ct::run {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kAllSignals = ~0ULL;
constexpr std::int64_t kFirstErrno = -4095;

std::size_t whole_pages(std::size_t size) { return (size + kPage - 1) / kPage * kPage; }

Error remote_error(std::int64_t outcome, const char* what) {
    return Error{Reason::guard_failed, what, static_cast<int>(-outcome)};
}

// Kernel-internal codes of a system call that is to be made again after a signal (ERESTARTSYS and its kin).
bool is_restart(std::int64_t outcome) { return outcome <= -512 && outcome >= -516; }

// Field 4 of /proc/PID/stat; the command in field 2 may hold anything, so count from its closing bracket.
std::optional<int> parent_of(int pid) {
    const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat", 4096);
    if (!stat) return std::nullopt;
    const auto at = stat->rfind(')');
    if (at == std::string::npos || stat->size() < at + 5) return std::nullopt;
    int parent = 0;
    if (std::from_chars(stat->data() + at + 4, stat->data() + stat->size(), parent).ec != std::errc{})
        return std::nullopt;
    return parent;
}

}  // namespace

Event event_from_status(int status) {
    if (!WIFSTOPPED(status)) return {Event::Kind::gone};
    const int event = status >> 16, signal = WSTOPSIG(status);
    if (event == PTRACE_EVENT_EXEC) return {Event::Kind::exec};
    if (event == PTRACE_EVENT_STOP) return {Event::Kind::trap};
    if (signal == (SIGTRAP | 0x80)) return {Event::Kind::syscall};
    return {Event::Kind::signal, signal};
}

// ------------------------------------------------------------------------------------------------------------- the steps

Task<Status> Passage::run() {
    first_ = !tree_.started() && tid_ == tree_.program;
    auto caller =
        survey(RemoteMemory(tid_), call_.environment(), call_.is_64bit(),
               {tree_.names, tree_.fingerprints, first_, tree_.mark, tree_.longest_mapping}, tree_.buffer.bytes());
    if (!caller) {
        const int number = caller.error().sys_errno;
        co_return refuse(caller.error(), number == EFAULT || number == E2BIG ? number : EPERM);
    }
    caller_ = std::move(*caller);
    if (caller_.secrets.empty()) {
        tree_.listener.let_pass(call_);
        if (first_) std::exchange(tree_.first, std::nullopt), tree_.hooks.started();  // a workload without secrets
        co_return Status{};
    }
    if (!call_.is_64bit())
        co_return refuse({Reason::target_architecture, "a 32-bit process tries to hand on a secret", 0}, EACCES);

    auto seized = Tracee::seize(tid_);
    if (!seized) co_return refuse(seized.error(), EPERM);
    tracee_ = *seized;
    Status outcome = co_await hold();
    if (outcome && !first_) outcome = co_await hide();
    bool entered = false;
    if (outcome) {
        auto entering = co_await enter();
        entered = entering.value_or(false);
        if (!entering) outcome = std::unexpected(entering.error());
    }
    if (outcome && !entered) co_return outcome;  // the exec failed as it would have without us
    if (outcome) outcome = co_await equip();
    if (!outcome && outcome.error().reason != Reason::cancelled) co_return co_await end_program(outcome.error());
    co_return outcome;
}

Status Passage::refuse(Error error, int error_number) {
    if (first_) tree_.hooks.refused(error, false);
    tree_.listener.refuse(call_, error_number);
    return std::unexpected(std::move(error));
}

// Lets the thread run until it stops for one of two kinds of reason. What stops it on the way (job control, SIGSTOP) goes on
// as it would without us: a group stop takes hold again when we let go.
Task<Result<Event>> Passage::reach(Event::Kind kind, Event::Kind other) {
    for (;;) {
        Event event = co_await mailbox_.next();
        if (event.kind == Event::Kind::gone) co_return fail(Reason::cancelled, "the process has ended");
        if (event.kind == kind || event.kind == other) co_return event;
        if (event.kind == Event::Kind::call) co_return fail(Reason::guard_failed, "an exec out of turn");
        CT_CO_CHECK(tracee_->run_to_syscall(event.signal));
    }
}

// One system call made by the stopped thread, which is stopped again afterwards.
Task<Result<std::int64_t>> Passage::remote(std::uint64_t instruction, long number,
                                           std::array<std::uint64_t, 6> arguments) {
    CT_CO_CHECK(tracee_->set_registers(arch::calling(base_, instruction, number, arguments)));
    for (int half = 0; half < 2; ++half) {
        CT_CO_CHECK(tracee_->run_to_syscall());
        auto stopped = co_await reach(Event::Kind::syscall);
        CT_CO_CHECK(stopped);
    }
    CT_CO_TRY(const auto after, tracee_->registers());
    co_return arch::result(after);
}

// The caller waits for our answer inside execve, which has read nothing yet. The answer is "interrupted", and the interrupt
// that is pending by then stops it before it can see that.
Task<Status> Passage::hold() {
    const Status interrupted = tracee_->interrupt();
    tree_.listener.refuse(call_, EINTR);
    CT_CO_CHECK(interrupted);
    auto stopped = co_await reach(Event::Kind::trap);
    CT_CO_CHECK(stopped);
    CT_CO_TRY(base_, tracee_->registers());
    CT_CO_TRY(blocked_, tracee_->blocked_signals());
    // No handler may run, and no signal end it, between here and the first instruction of the new image.
    co_return tracee_->set_blocked_signals(kAllSignals);
}

Task<Status> Passage::hide() {
    const std::size_t size = whole_pages(stand_in_size(caller_));
    for (auto& spare : tree_.spare) {
        if (spare.busy || spare.size < size) continue;
        const auto mark = tracee_->memory().value<Mark>(spare.address);
        if (!mark || *mark != spare.mark) continue;
        spare.busy = true;
        place_ = {spare.address, spare.size, spare.mark, &spare};
        break;
    }
    if (place_.address == 0) {
        auto mapped = co_await remote(arch::last_instruction(base_), SYS_mmap,
                                      {0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, ~0ULL, 0});
        CT_CO_CHECK(mapped);
        if (*mapped < 0 && *mapped >= kFirstErrno) {
            const Status given_back = co_await give_back(*mapped);
            co_return given_back ? fail(Reason::cancelled, "no room for the stand-in environment") : given_back;
        }
        place_ = {static_cast<std::uint64_t>(*mapped), size, {}, nullptr};
        if (::getrandom(place_.mark.data(), place_.mark.size(), 0) != static_cast<ssize_t>(place_.mark.size()))
            co_return fail_errno(Reason::io_failed, "getrandom");
    }
    const StandIn stand = stand_in(caller_, place_.address, place_.mark);
    co_return tracee_->memory().write(place_.address, stand.image);
}

Task<Result<bool>> Passage::enter() {
    const std::uint64_t envp = place_.address == 0 ? call_.environment() : place_.address + sizeof(Mark);
    auto again = arch::calling(base_, arch::last_instruction(base_), call_.number, call_.arguments);
    arch::set_environment(again, call_.number, envp);
    CT_CO_CHECK(tracee_->set_registers(again));
    CT_CO_CHECK(tracee_->run_to_syscall());
    auto at_entry = co_await reach(Event::Kind::syscall);
    CT_CO_CHECK(at_entry);
    CT_CO_CHECK(tracee_->run_to_syscall());
    auto heard = co_await reach(Event::Kind::call);
    CT_CO_CHECK(heard);
    if (heard->call->environment() != envp || heard->call->number != call_.number)
        co_return fail(Reason::guard_failed, "not the exec that was expected");
    tree_.listener.let_pass(*heard->call);
    auto done = co_await reach(Event::Kind::exec, Event::Kind::syscall);
    CT_CO_CHECK(done);
    if (done->kind == Event::Kind::syscall) {
        CT_CO_TRY(const auto after, tracee_->registers());
        const Status given_back = co_await give_back(arch::result(after));
        CT_CO_CHECK(given_back);
        co_return false;
    }
    tracee_->renamed(tid_);
    settle_place();
    // On to the exit from execve: only there are the registers those of the new image, and system calls can be made.
    CT_CO_CHECK(tracee_->run_to_syscall());
    auto at_exit = co_await reach(Event::Kind::syscall);
    CT_CO_CHECK(at_exit);
    CT_CO_TRY(base_, tracee_->registers());
    co_return true;
}

// execve has failed: the caller goes on as if it had never been held.
Task<Status> Passage::give_back(std::int64_t outcome) {
    if (place_.spare != nullptr) {
        place_.spare->busy = false;
    } else if (place_.address != 0) {
        auto unmapped = co_await remote(arch::last_instruction(base_), SYS_munmap, {place_.address, place_.size});
        CT_CO_CHECK(unmapped);
    }
    arch::Registers registers = base_;
    registers.orig_rax = ~0ULL;
    if (is_restart(outcome)) {
        registers.rip = arch::last_instruction(base_);
        registers.rax = call_.number;
    } else {
        registers.rax = static_cast<std::uint64_t>(outcome);
    }
    co_return release(registers);
}

// The caller's memory is gone with its old image, unless it was its parent's as well.
void Passage::settle_place() {
    if (place_.spare != nullptr) {
        place_.spare->busy = false;
    } else if (place_.address != 0) {
        const auto parent = parent_of(tid_);
        if (!parent) return;
        const auto mark = RemoteMemory(*parent).value<Mark>(place_.address);
        if (!mark || *mark != place_.mark || tree_.spare.size() == kSpareStandIns) return;
        tree_.spare.push_back({place_.address, place_.size, place_.mark, false});
    }
}

Status Passage::release(const arch::Registers& registers) {
    CT_CHECK(tracee_->set_registers(registers));
    CT_CHECK(tracee_->set_blocked_signals(blocked_));
    return tracee_->detach();
}

// --------------------------------------------------------------------------------------------------------- the new image

// A child in the sense of children = "strip": any process but the one that was launched, however often that one execs.
bool Passage::is_child() const {
    return tid_ != tree_.program;  // after an exec the thread has its process's id
}

std::vector<HandedOn> Passage::to_deliver() const {
    if (std::ranges::find(tree_.rearm, false) == tree_.rearm.end() || !is_child()) return caller_.secrets;
    std::vector<HandedOn> delivered;
    std::ranges::copy_if(caller_.secrets, std::back_inserter(delivered),
                         [this](const auto& one) { return tree_.rearm[one.secret]; });
    return delivered;
}

Task<Status> Passage::equip() {
    caller_.secrets = to_deliver();
    if (caller_.secrets.empty()) co_return release(base_);
    if (!arch::is_64bit(base_)) {
        const Error error{Reason::target_architecture, "a 32-bit program of the tree gets no secrets", 0};
        if (first_) co_return std::unexpected(error);
        tree_.hooks.note(error, tid_);
        co_return release(base_);
    }
    CT_CO_CHECK(read_image());
    if (caller_.secrets.empty()) co_return release(base_);
    auto armed = co_await arm();
    if (!armed) {
        const bool ended =
            armed.error().reason == Reason::session_ended || armed.error().reason == Reason::daemon_unavailable;
        if (first_ || !ended) co_return std::unexpected(armed.error());
        tree_.hooks.note(armed.error(), tid_);  // an ended session arms nothing: the program finds its variables empty
        co_return release(base_);
    }
    CT_CO_TRY(auto content, open_page(*armed));
    for (const auto& entry : armed->entries) {
        const auto name = std::ranges::find(tree_.names, entry.name);
        if (name == tree_.names.end()) continue;
        const auto value = value_of(content, entry);
        if (!value.empty())
            CT_CO_CHECK(tree_.fingerprints.remember(static_cast<std::size_t>(name - tree_.names.begin()), value));
    }
    CT_CO_TRY(const auto granted, grants(*armed));
    if (granted.empty()) {
        armed->page.reset();
        content = SecretMapping();
        co_return release(base_);
    }
    Status mapped;
    if (needs_own_page(granted, *armed)) {
        const PageLayout layout = own_page_layout(granted);
        CT_CO_TRY(const SecretPage own, create_secret_page(layout.size, tree_.protection));
        fill_own_page(granted, layout, content.bytes(), own.mapping.bytes());
        mapped = co_await map(own.fd, layout.size, granted, layout);
    } else {
        const PageLayout layout = armed_page_layout(granted);
        mapped = co_await map(armed->page, armed->size, granted, layout);
    }
    CT_CO_CHECK(mapped);
    // Ours go before the program's first instruction, not when this coroutine happens to end: an open descriptor of secret
    // memory is what root can steal.
    armed->page.reset();
    content = SecretMapping();
    CT_CO_CHECK(release(base_));
    if (first_) tree_.hooks.started();
    co_return Status{};
}

// Where envp lies, and a syscall instruction. A set-id image runs for somebody else: it gets nothing.
Status Passage::read_image() {
    const RemoteMemory memory = tracee_->memory();
    CT_TRY(const auto argc, memory.value<std::uint64_t>(base_.rsp));
    envp_ = envp_on_stack(base_.rsp, argc);
    std::uint64_t at = auxv_on_stack(base_.rsp, argc, caller_.pointers.size());
    std::array<std::uint64_t, 128> words{};
    Result<Auxiliary> auxiliary = fail(Reason::malformed);
    // Page by page: strings follow, and then the end of the stack.
    for (std::size_t have = 0; !auxiliary && have < words.size();) {
        const std::size_t count = std::min<std::uint64_t>((kPage - at % kPage) / 8, words.size() - have);
        CT_CHECK(
            memory.read(at, {reinterpret_cast<std::uint8_t*>(words.data() + have), 8 * count}));  // NOLINT: raw bytes
        have += count;
        at += 8 * count;
        auxiliary = read_auxiliary(std::span(words).first(have));
    }
    CT_TRY(const auto found, std::move(auxiliary));
    if (found.set_id && !first_) caller_.secrets.clear();
    if (found.vdso == 0)
        return fail(Reason::guard_not_permitted, "the kernel runs without a vdso (boot option vdso=0)");
    using Instruction = std::remove_const_t<decltype(arch::kSyscallInstruction)>;
    CT_TRY(const auto code, memory.value<Instruction>(found.vdso + tree_.syscall_in_vdso));
    if (code != arch::kSyscallInstruction) return fail(Reason::guard_failed, "another vdso than the guard's own");
    syscall_ = found.vdso + tree_.syscall_in_vdso;
    return {};
}

Task<Result<Armed>> Passage::arm() {
    if (first_) co_return std::move(*std::exchange(tree_.first, std::nullopt));
    struct Armament {
        Armory& armory;
        const Fd& pidfd;
        std::optional<Result<Armed>> result = std::nullopt;
        bool await_ready() const { return false; }
        bool await_suspend(std::coroutine_handle<> waiting) {
            // The answer may come before arm() returns, while we are not suspended yet.
            suspended = false;
            armory.arm(pidfd, [this, waiting](Result<Armed> armed) {
                result.emplace(std::move(armed));
                if (suspended) waiting.resume();
            });
            suspended = !result.has_value();
            return suspended;
        }
        Result<Armed> await_resume() { return std::move(*result); }
        bool suspended = false;
    };
    CT_CO_TRY(const Fd pidfd, pidfd_open(tid_));
    Armament armament{tree_.armory, pidfd};  // NOLINT(misc-const-correctness): co_await changes it
    auto armed = co_await armament;
    if (armed) CT_CO_CHECK(check_entries(*armed));
    co_return armed;
}

Result<std::vector<Grant>> Passage::grants(const Armed& armed) const {
    std::vector<Grant> granted;
    for (const auto& secret : caller_.secrets) {
        const auto entry = std::ranges::find(armed.entries, tree_.names[secret.secret], &ArmedEntry::name);
        if (entry != armed.entries.end()) granted.push_back({secret.index, secret.name, secret.secret, &*entry});
    }
    return granted;
}

// The descriptor goes in as the answer to an execve(NULL) that the new image is made to call, after the exec: its table is its
// own by then, and the descriptor is open for three system calls.
Task<Result<int>> Passage::insert(const Fd& page) {
    CT_CO_CHECK(tracee_->set_registers(arch::calling(base_, syscall_, SYS_execve, {})));
    CT_CO_CHECK(tracee_->run_to_syscall());
    auto at_entry = co_await reach(Event::Kind::syscall);
    CT_CO_CHECK(at_entry);
    CT_CO_CHECK(tracee_->run_to_syscall());
    auto heard = co_await reach(Event::Kind::call);
    CT_CO_CHECK(heard);
    Status given = tree_.listener.answer_with_fd(*heard->call, page);
    if (!given && given.error().sys_errno == EMFILE) {
        const LimitLift lift(tid_, RLIMIT_NOFILE);
        given = tree_.listener.answer_with_fd(*heard->call, page);
    }
    if (!given) tree_.listener.refuse(*heard->call, EACCES);
    auto at_exit = co_await reach(Event::Kind::syscall);
    CT_CO_CHECK(at_exit);
    CT_CO_CHECK(given);
    CT_CO_TRY(const auto after, tracee_->registers());
    const auto number = arch::result(after);
    if (number < 0) co_return std::unexpected(remote_error(number, "handing over the secret's descriptor"));
    co_return static_cast<int>(number);
}

Task<Status> Passage::map(const Fd& page, std::size_t size, std::span<const Grant> granted, const PageLayout& layout) {
    // The stack must be what we think it is before anything is changed on it.
    const RemoteMemory memory = tracee_->memory();
    for (const auto& grant : granted) {
        CT_CO_TRY(const auto string, memory.value<std::uint64_t>(envp_ + 8 * grant.index));
        std::string text(grant.name.size() + 2, '\0');
        CT_CO_CHECK(
            memory.read(string, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()}));  // NOLINT: raw bytes
        if (text != grant.name + "=" + '\0')
            co_return fail(Reason::guard_failed, "the new program's environment is not where it should be");
    }
    auto inserted = co_await insert(page);
    CT_CO_CHECK(inserted);
    const auto fd = static_cast<std::uint64_t>(*inserted);
    const Bytes directory = make_directory(directory_of(granted, layout), tree_.mark);
    const std::size_t pages = whole_pages(size);
    auto room =
        co_await remote(syscall_, SYS_mmap,
                        {0, directory.size() + pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, ~0ULL, 0});
    CT_CO_CHECK(room);
    if (*room < 0 && *room >= kFirstErrno) co_return std::unexpected(remote_error(*room, "room for the secrets"));
    const std::uint64_t place = static_cast<std::uint64_t>(*room) + directory.size();
    CT_CO_CHECK(memory.write(place - directory.size(), directory));
    std::int64_t address = 0;
    {
        // Writable, as environment strings are: bash, for one, cuts each at its '=' while it reads them.
        const LimitLift lift(tid_, RLIMIT_MEMLOCK);
        auto mapped =
            co_await remote(syscall_, SYS_mmap, {place, pages, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0});
        CT_CO_CHECK(mapped);
        address = *mapped;
    }
    tree_.longest_mapping = std::max(tree_.longest_mapping, pages);
    auto closed = co_await remote(syscall_, SYS_close, {fd});
    CT_CO_CHECK(closed);
    if (address == -EAGAIN)
        co_return fail(Reason::memlock_limit,
                       "RLIMIT_MEMLOCK is too small for " + std::to_string(pages) +
                           " bytes of secrets in the program; raise it (LimitMEMLOCK= of the unit, ulimit -l)");
    if (address < 0 && address >= kFirstErrno) co_return std::unexpected(remote_error(address, "mapping the secrets"));
    for (std::size_t i = 0; i < granted.size(); ++i) {
        const std::uint64_t string = place + layout.offsets[i];
        CT_CO_CHECK(memory.write(envp_ + 8 * granted[i].index,
                                 {reinterpret_cast<const std::uint8_t*>(&string), 8}));  // NOLINT: raw bytes
    }
    co_return Status{};
}

// Says it where the person looks who started the program that is ended. The program itself is made to: taking its descriptor
// (pidfd_getfd) is more than the profile of a container lets us.
Task<Status> Passage::tell(const Error& error) {
    const std::string line = "cloudtaser-run: " + error.to_string() + "\n";
    const std::uint64_t place = base_.rsp - whole_pages(line.size());  // of its stack, which it has not used yet
    CT_CO_CHECK(tracee_->memory().write(place, as_bytes(line)));
    const auto written = co_await remote(syscall_, SYS_write, {STDERR_FILENO, place, line.size()});
    CT_CO_CHECK(written);
    co_return Status{};
}

// The new image is in place and can't have its secrets: it ends before its first instruction. The old one is gone, so there is
// nobody to return an error to.
Task<Status> Passage::end_program(const Error& error) {
    if (first_) tree_.hooks.refused(error, true);
    if (syscall_ != 0) {
        if (!first_) static_cast<void>(co_await tell(error));
        if (tracee_->set_registers(arch::calling(base_, syscall_, SYS_exit_group, {kRefusedExit})) &&
            tracee_->run_to_syscall()) {
            auto at_entry = co_await reach(Event::Kind::syscall);
            if (at_entry && tracee_->run_to_syscall()) co_return std::unexpected(error);
        }
    }
    ::kill(tid_, SIGKILL);
    co_return std::unexpected(error);
}

}  // namespace ct::run
