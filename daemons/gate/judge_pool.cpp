// SPDX-License-Identifier: Apache-2.0
#include "daemons/gate/judge_pool.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <iterator>
#include <utility>

namespace ct::gate {
namespace {

constexpr std::size_t kChunk = 64 << 10;
// Between a death and the next life: a judge that cannot start must not fill the journal.
constexpr Millis kAgain{1000};

judge::WorkerRules worker_rules(const Rules& rules) {
    judge::WorkerRules out{rules.policy.files(), std::nullopt};
    if (rules.policy.makers() != nullptr) out.makers = *rules.policy.makers();
    return out;
}

Event to_event(std::uint64_t question, judge::Answer answer, std::uint64_t judge) {
    if (auto* opening = std::get_if<judge::Opening>(&answer.content))
        return event::Opened{question, std::move(*opening), judge};
    return event::Judged{question, std::get<judge::Decision>(std::move(answer.content)), judge};
}

// How it had ended, if it had: that is all that a judge can say of itself (cloudtaser-judge(8)).
std::string end_process(int pid) {
    ::kill(pid, SIGKILL);
    int status = 0;
    ::waitpid(pid, &status, 0);
    if (WIFEXITED(status)) return " (exit status " + std::to_string(WEXITSTATUS(status)) + ")";
    if (WTERMSIG(status) != SIGKILL) return " (signal " + std::to_string(WTERMSIG(status)) + ")";
    return {};
}

}  // namespace

JudgePool::JudgePool(EventLoop& loop, Options options, std::function<void(const std::string&)> trouble,
                     std::uint64_t& deaths)
    : loop_(loop), options_(std::move(options)), trouble_(std::move(trouble)), deaths_(deaths) {}

Result<std::unique_ptr<JudgePool>> JudgePool::start(EventLoop& loop, Options options,
                                                    std::function<void(const std::string&)> trouble,
                                                    std::uint64_t& deaths) {
    std::unique_ptr<JudgePool> pool(new JudgePool(loop, std::move(options), std::move(trouble), deaths));
    for (std::size_t i = 0; i < pool->options_.processes; ++i) {
        pool->workers_.push_back(std::make_unique<Worker>());
        CT_CHECK(pool->spawn(*pool->workers_.back()));
    }
    return pool;
}

JudgePool::~JudgePool() {
    for (const auto& worker : workers_) {
        if (worker->pid < 0) continue;
        (void)end_process(worker->pid);
    }
}

std::vector<int> JudgePool::pids() const {
    std::vector<int> out;
    for (const auto& worker : workers_)
        if (worker->pid >= 0) out.push_back(worker->pid);
    return out;
}

Status JudgePool::spawn(Worker& worker) {
    std::array<int, 2> pair{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0)
        return fail_errno(Reason::judge_unavailable, "socketpair");
    Fd ours(pair[0]), theirs(pair[1]);
    // Theirs blocks: a judge has nothing else to do.
    if (::fcntl(ours.get(), F_SETFL, O_RDWR | O_NONBLOCK) != 0) return fail_errno(Reason::judge_unavailable, "fcntl");
    posix_spawn_file_actions_t files{};
    posix_spawnattr_t attributes{};
    sigset_t none{}, all{};
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&files, theirs.get(), STDIN_FILENO);
    // No stream of ours: what a judge that was taken over writes there would stand in the journal under the gate's name.
    for (const int stream : {STDOUT_FILENO, STDERR_FILENO})
        posix_spawn_file_actions_addopen(&files, stream, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::array<char*, 2> argv{options_.program.data(), nullptr};
    std::array<char*, 1> environment{nullptr};
    const int error =
        ::posix_spawn(&worker.pid, options_.program.c_str(), &files, &attributes, argv.data(), environment.data());
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) {
        worker.pid = -1;
        return fail_errno(Reason::judge_unavailable, options_.program, error);
    }
    worker.life = ++lives_;
    worker.socket = std::move(ours);
    if (auto watched = watch(worker); !watched) {
        (void)end_process(worker.pid);
        worker = Worker{};
        return watched;
    }
    return {};
}

Status JudgePool::watch(Worker& worker) {
    CT_TRY(worker.process, pidfd_open(worker.pid));
    CT_TRY(worker.io, loop_.add_io(worker.socket.get(), EPOLLIN,
                                   [this, &worker](std::uint32_t revents) { on_ready(worker, revents); }));
    CT_TRY(worker.exit, loop_.add_pidfd(worker.process.get(), [this, &worker] { bury(worker, "it died"); }));
    return {};
}

void JudgePool::ask(const action::Ask& what, std::function<void(Event)> answer) {
    if (what.rules != rules_) adopt(what.rules);
    auto question = what.question;
    question.id = ++next_;
    Waiting waiting{question.id, what.question.id, what.rules, attest::frame(judge::encode(question)),
                    0,           std::move(answer)};
    if (bytes_ + waiting.message.size() > options_.most_bytes)
        return waiting.answer(
            event::JudgeFailed{waiting.question, {Reason::judge_unavailable, "too much waits for a verdict", 0}});
    bytes_ += waiting.message.size();
    give(std::move(waiting));
}

// What they were at by other rules is worth nothing any more; who asked it asks again (Exchange::judge_failed).
void JudgePool::adopt(std::shared_ptr<const Rules> rules) {
    rules_ = std::move(rules);
    std::deque<Waiting> left;
    for (const auto& worker : workers_) {
        if (!worker->has_rules) continue;
        (void)end_process(worker->pid);
        std::ranges::move(worker->waiting, std::back_inserter(left));
        *worker = Worker{};
        // There was no trouble, so nobody is told that it is over.
        if (const auto status = spawn(*worker); !status) again_later(*worker, status.error());
    }
    for (auto& waiting : left)
        give(std::move(waiting));
}

// To the one with the shortest queue. What a judge has left may be of rules that nobody judges by any more.
void JudgePool::give(Waiting waiting) {
    if (waiting.rules != rules_) return fail_one(waiting, "the rules changed");
    Worker* best = nullptr;
    for (const auto& worker : workers_)
        if (worker->pid >= 0 && (best == nullptr || worker->waiting.size() < best->waiting.size())) best = worker.get();
    if (best == nullptr) return fail_one(waiting, "no judge runs; one is started again soon");
    send(*best, std::move(waiting));
}

void JudgePool::fail_one(const Waiting& waiting, const std::string& why) {
    bytes_ -= waiting.message.size();
    waiting.answer(event::JudgeFailed{waiting.question, {Reason::judge_unavailable, why, 0}});
}

void JudgePool::send(Worker& worker, Waiting waiting) {
    if (!worker.has_rules) worker.output.add(attest::frame(judge::encode(worker_rules(*rules_))));
    worker.has_rules = true;
    worker.output.add(waiting.message);
    waiting.ends = worker.output.all_added();
    worker.waiting.push_back(std::move(waiting));
    if (worker.waiting.size() == 1) arm(worker);
    write_some(worker);
}

void JudgePool::arm(Worker& worker) {
    worker.deadline.reset();
    if (worker.waiting.empty()) return;
    auto timer = loop_.add_timer(options_.verdict_time, [this, &worker] { bury(worker, "it did not answer in time"); });
    if (timer) worker.deadline = std::move(*timer);
}

void JudgePool::on_ready(Worker& worker, std::uint32_t revents) {
    if ((revents & EPOLLOUT) != 0) write_some(worker);
    if (worker.pid >= 0 && (revents & ~std::uint32_t{EPOLLOUT}) != 0) read_some(worker);
}

void JudgePool::write_some(Worker& worker) {
    while (!worker.output.rest().empty()) {
        const auto rest = worker.output.rest();
        const auto count = ::send(worker.socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        // A judge that is gone shows as such by its pidfd.
        if (count < 0) break;
        worker.output.written(static_cast<std::size_t>(count));
    }
    (void)worker.io.set_events(worker.output.rest().empty() ? std::uint32_t{EPOLLIN} : EPOLLIN | EPOLLOUT);
}

void JudgePool::read_some(Worker& worker) {
    ByteArray<kChunk> chunk;
    const auto count = ::recv(worker.socket.get(), chunk.data(), chunk.size(), 0);
    if (count < 0) return;
    if (count == 0) return bury(worker, "it closed its socket");
    if (!worker.input.feed(ByteView(chunk).first(static_cast<std::size_t>(count))))
        return bury(worker, "it said what no judge says");
    while (worker.pid >= 0) {
        const auto message = worker.input.next();
        if (!message) return;
        take(worker, *message);
    }
}

void JudgePool::take(Worker& worker, ByteView message) {
    auto answer = judge::decode_answer(message);
    // Who answers what it was not asked yet reads no more, and what it is to be asked would pile up.
    if (!answer || worker.waiting.empty() || answer->id != worker.waiting.front().id ||
        worker.output.all_written() < worker.waiting.front().ends)
        return bury(worker, "it said what no judge says");
    const auto waiting = std::move(worker.waiting.front());
    worker.waiting.pop_front();
    bytes_ -= waiting.message.size();
    const auto judge = worker.life;
    arm(worker);
    waiting.answer(to_event(waiting.question, std::move(*answer), judge));
}

// What it has not answered is left.
std::deque<JudgePool::Waiting> JudgePool::replace(Worker& worker, const std::string& why) {
    const auto how = end_process(worker.pid);
    auto left = std::move(worker.waiting);
    worker = Worker{};
    ++deaths_;
    trouble_("a judge was started again: " + why + how);
    auto timer = loop_.add_timer(kAgain, [this, &worker] { revive(worker); });
    if (timer) worker.again = std::move(*timer);
    return left;
}

// Whatever it was at is to blame and is told so; the rest of its queue is asked again elsewhere.
void JudgePool::bury(Worker& worker, const std::string& why) {
    if (worker.pid < 0) return;
    auto left = replace(worker, why);
    if (left.empty()) return;
    fail_one(left.front(), why);
    left.pop_front();
    for (auto& waiting : left)
        give(std::move(waiting));
}

// What it is at now is not to blame for what it said before.
void JudgePool::end(std::uint64_t judge, const std::string& why) {
    for (const auto& worker : workers_) {
        if (worker->pid < 0 || worker->life != judge) continue;
        for (auto& waiting : replace(*worker, why))
            give(std::move(waiting));
        return;
    }
}

void JudgePool::again_later(Worker& worker, const Error& error) {
    auto timer = loop_.add_timer(kAgain, [this, &worker] { revive(worker); });
    if (timer) worker.again = std::move(*timer);
    trouble_("a judge could not be started: " + error.to_string());
}

void JudgePool::revive(Worker& worker) {
    if (const auto status = spawn(worker); !status) return again_later(worker, status.error());
    if (std::ranges::all_of(workers_, [](const auto& each) { return each->pid >= 0; })) trouble_("");
}

}  // namespace ct::gate
