// SPDX-License-Identifier: Apache-2.0
#include "matrix/rig.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "codec/hex.h"
#include "crypto/digest.h"
#include "support/attackers.h"

namespace ct::test::matrix {
namespace {

constexpr Millis kPatience{120'000};

std::string home_folder(const char* variable, const char* folder) {
    if (const char* told = std::getenv(variable)) return told;  // NOLINT(concurrency-mt-unsafe): tests
    const char* home = std::getenv("HOME");                     // NOLINT(concurrency-mt-unsafe): tests
    return std::string(home != nullptr ? home : "/root") + "/" + folder;
}

std::vector<std::string> search_path() {
    return {"/usr/local/go/bin",
            home_folder("CARGO_HOME", ".cargo") + "/bin",
            "/usr/local/bin",
            "/usr/bin",
            "/bin",
            "/usr/sbin",
            "/sbin"};
}

std::string joined(const std::vector<std::string>& folders) {
    std::string path;
    for (const auto& folder : folders)
        path += (path.empty() ? "" : ":") + folder;
    return path;
}

std::string with_folders(std::string text) {
    for (const auto& [mark, folder] :
         {std::pair<std::string, std::string>{"$S", source("")}, {"$B", built_program("")}})
        for (auto at = text.find(mark + "/"); at != std::string::npos; at = text.find(mark + "/", at + folder.size()))
            text.replace(at, mark.size() + 1, folder);
    return text;
}

// What every program of the matrix finds in its environment beside the secret.
std::map<std::string, std::string> base_environment() {
    return {{"PATH", joined(search_path())}, {"HOME", built_program("")}, {"LANG", "C.UTF-8"}};
}

bool build(const std::string& line) {
    auto environment = base_environment();
    environment["S"] = CT_SOURCE_DIR "/tests/matrix/programs";
    environment["GOCACHE"] = built_program("go-cache");
    environment["GO111MODULE"] = "off";
    environment["RUSTUP_HOME"] = home_folder("RUSTUP_HOME", ".rustup");
    environment["CARGO_HOME"] = home_folder("CARGO_HOME", ".cargo");
    const auto ran = run({.argv = {"/bin/sh", "-ec", line}, .environment = environment, .directory = built_program("")},
                         Millis(300'000));
    EXPECT_EQ(ran.code, 0) << line << "\n" << ran.output;
    return ran.code == 0;
}

// True when some process of the tree waits in read(0, ...).
bool waits_for_input(int pid) {
    return std::ranges::any_of(process_tree(pid), [](int one) {
        return read_file("/proc/" + std::to_string(one) + "/syscall", 256).value_or("").starts_with("0 0x0 ");
    });
}

bool becomes_ready(TalkingChild& child, const Row& row) {
    if (row.says_ready) return child.line_comes("ready", kPatience);
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < deadline) {
        if (waits_for_input(child.pid())) return true;
        std::this_thread::yield();
    }
    return false;
}

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

std::string words(const TalkingChild::End& end) {
    return end.signal != 0 ? "signal " + std::to_string(end.signal) : "exit " + std::to_string(end.code);
}

}  // namespace

std::string source(const std::string& file) { return CT_SOURCE_DIR "/tests/matrix/programs/" + file; }
std::string built_program(const std::string& file) { return CT_BINARY_DIR "/tests/matrix-programs/" + file; }

std::string find_program(const std::string& name) {
    for (const auto& folder : search_path())
        if (const auto path = folder + "/" + name; ::access(path.c_str(), X_OK) == 0) return path;
    return {};
}

Result<std::unique_ptr<Supply>> Supply::start(const std::string& value) {
    auto supply = std::make_unique<Supply>();
    const char* wish = std::getenv("CT_MATRIX_SOURCE");  // NOLINT(concurrency-mt-unsafe): tests
    if (!World::missing() && (wish == nullptr || std::string_view(wish) != "stand-in")) {
        CT_TRY(supply->world_, World::start());
        supply->world_->bao().put_kv("payments", R"({"password":")" + value + "\"}");
        supply->world_->map(kName, "kv/payments#password");
    } else {
        CT_TRY(supply->stand_in_, StandInSecretd::start(StandInSecretd::Secrets{{kName, {value}}}));
    }
    return supply;
}

std::vector<std::string> Supply::launcher() const { return {built("cloudtaser-run"), "--workload", "payments", "--"}; }

std::map<std::string, std::string> Supply::environment() const {
    return world_ ? world_->bus().environment() : stand_in_->environment();
}

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

std::string View::tier() const {
    if (!shown.empty()) return "D";
    if (secret_mappings == 0) return "-";
    return copies.empty() ? "A" : "B";
}

View look_at(int pid, std::string_view value) {
    View view;
    for (const int one : process_tree(pid)) {
        const std::string block = environment_block(one).value_or("");
        if (block.find(value) != std::string::npos) view.shown += "pid " + std::to_string(one) + " shows the value; ";
        if (const auto shown = shown_value(one, kName); shown && shown->find_first_not_of('\0') != std::string::npos)
            view.shown += "pid " + std::to_string(one) + " shows '" + *shown + "'; ";
        for (const int width : {1, 2, 4}) {
            auto copies = find_copies(one, widened(value, width));
            if (!copies) continue;
            for (auto& copy : *copies) {
                if (width > 1) copy.mapping += " as UTF-" + std::to_string(8 * width);
                view.copies.push_back(std::move(copy));
            }
        }
        if (const auto all = mappings(one))
            view.secret_mappings += static_cast<int>(std::ranges::count_if(*all, &Mapping::is_secret));
        if (const Loot stolen = steal_descriptors(one, value); stolen.saw)
            view.shown += "pid " + std::to_string(one) + ": " + stolen.detail + "; ";
    }
    return view;
}

class Matrix::Rig : public testing::Environment {
public:
    void SetUp() override {
        std::filesystem::create_directories(built_program(""));
        ByteArray<20> entropy{};
        ASSERT_TRUE(crypto::random_bytes(entropy));
        value = "m-" + hex_encode(entropy);  // made at run time: no file and no image holds it
        auto started = Supply::start(value);
        ASSERT_TRUE(started) << started.error().to_string();
        supply = std::move(*started);
    }
    void TearDown() override {
        if (!supply) return;
        std::printf("\n  secrets from %s\n  %-34s %-5s %-10s %s\n", supply->name(), "program", "tier", "end",
                    "copies outside secret memory");
        for (const auto& line : table)
            std::printf("  %s\n", line.c_str());
        std::printf("  %zu programs", table.size());
        for (const auto& [tier, count] : tiers)
            std::printf(", tier %s: %d", tier.c_str(), count);
        std::printf("\n\n");
        supply.reset();
    }
    static testing::Environment* const registered;
};
testing::Environment* const Matrix::Rig::registered = testing::AddGlobalTestEnvironment(new Rig);

Result<TalkingChild> Matrix::start(const std::vector<std::string>& command, bool guarded,
                                   std::map<std::string, std::string> environment) {
    TalkingChild::Start start;
    if (guarded) start.command = supply->launcher();
    std::ranges::copy(command, std::back_inserter(start.command));
    start.environment = std::move(environment);
    start.environment.merge(base_environment());
    if (guarded)
        start.environment.merge(supply->environment());
    else
        start.environment[kName] = value;
    return TalkingChild::start(start);
}

void Matrix::note(const std::string& name, const View& view, const std::string& end) {
    ++tiers[view.tier()];
    char line[256];
    std::snprintf(line, sizeof line, "%-34s %-5s %-10s %s", name.c_str(), view.tier().c_str(), end.c_str(),
                  describe(view.copies).c_str());
    table.emplace_back(line);
}

void Matrix::check(const Row& row) {
    for (const auto& program : row.needs)
        if (find_program(program).empty()) GTEST_SKIP() << row.name << ": " << program << " is not installed";
    if (!row.build.empty() && !build(row.build)) return;
    std::vector<std::string> command;
    for (const auto& word : row.command)
        command.push_back(with_folders(word));

    TalkingChild::End ends[2], signalled[2];
    View views[2];
    for (const bool guarded : {false, true}) {
        const char* how = guarded ? "under cloudtaser-run" : "started plainly";
        auto child = start(command, guarded);
        ASSERT_TRUE(child) << child.error().to_string();
        ASSERT_TRUE(becomes_ready(*child, row)) << how << ": " << child->end(Millis(10'000)).rest;
        views[guarded] = look_at(child->pid(), value);
        child->say(row.input);
        ends[guarded] = child->end(kPatience);
        EXPECT_TRUE(has_line(ends[guarded].rest, value)) << how << ", it says: " << ends[guarded].rest;

        auto again = start(command, guarded);
        ASSERT_TRUE(again) << again.error().to_string();
        ASSERT_TRUE(becomes_ready(*again, row)) << how;
        ::kill(again->pid(), SIGTERM);
        signalled[guarded] = again->wait(kPatience);
    }
    EXPECT_EQ(words(ends[1]), words(ends[0])) << "another end than in a direct exec";
    EXPECT_EQ(words(signalled[1]), words(signalled[0])) << "another end by signal than in a direct exec";
    // The looks are worth something: they see the value of the plain program.
    EXPECT_NE(views[0].shown, "");
    EXPECT_FALSE(views[0].copies.empty());
    EXPECT_EQ(views[1].shown, "");
    EXPECT_GT(views[1].secret_mappings, 0);
    EXPECT_LT(views[1].copies.size(), views[0].copies.size());
    note(row.name, views[1], words(ends[1]));
}

}  // namespace ct::test::matrix
