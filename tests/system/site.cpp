// SPDX-License-Identifier: Apache-2.0
#include "system/site.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "support/bao.h"

namespace ct::test {
namespace {

namespace fs = std::filesystem;

constexpr Millis kStep{120'000};

std::string folder_of(const std::string& packages) { return CT_SOURCE_DIR "/.cache/packages/" + packages; }

// Whether the line has these parts in this order, wherever it begins.
bool fits(std::string_view line, std::string_view pattern) {
    constexpr std::string_view kAnything = "…";
    std::size_t at = 0;
    while (!pattern.empty()) {
        const std::size_t end = std::min(pattern.find(kAnything), pattern.size());
        std::string_view part = pattern.substr(0, end);
        while (part.ends_with(' '))
            part.remove_suffix(1);
        while (part.starts_with(' '))
            part.remove_prefix(1);
        at = line.find(part, at);
        if (at == std::string_view::npos) return false;
        at += part.size();
        pattern.remove_prefix(std::min(end + kAnything.size(), pattern.size()));
    }
    return true;
}

}  // namespace

std::vector<Step> read_guide(const std::string& file) {
    std::istringstream text(read_file(file, 1 << 20).value_or(""));
    std::vector<Step> steps;
    std::string line;
    enum { prose, commands, output, other } in = prose;
    for (int number = 1; std::getline(text, line); ++number) {
        if (line.starts_with("```")) {
            std::istringstream words(line.substr(3));
            std::string language, answers;
            words >> language;
            if (in != prose) {
                in = prose;
            } else if (language == "sh") {
                in = commands;
                Step& step = steps.emplace_back();
                step.line = number;
                words >> step.where >> answers >> step.answer;
            } else {
                in = language == "output" ? output : other;
            }
        } else if (in == commands) {
            steps.back().commands += line + "\n";
        } else if (in == output && !steps.empty()) {
            steps.back().expected.push_back(line);
        }
    }
    return steps;
}

std::optional<std::string> Site::missing(const std::string& packages) {
    if (auto why = Machine::missing()) return why;
    if (auto why = Bao::missing()) return why;
    if (!fs::exists(folder_of(packages)))
        return "packages of the commit " + packages + " (./dev test system builds them)";
    if (!fs::exists(folder_of(packages) + "/quickstart.md")) return "docs/quickstart.md in the commit " + packages;
    return std::nullopt;
}

Result<std::unique_ptr<Site>> Site::make(const std::string& packages) {
    std::unique_ptr<Site> site(new Site());
    CT_TRY(site->cable_, Cable::lay("10.99.0.1/24", "10.99.0.2/24"));
    const std::vector<std::string> hosts = {"10.99.0.1 vault", "10.99.0.2 node"};
    CT_TRY(site->vault_, Machine::make({.name = "vault",
                                        .network = site->cable_->first(),
                                        .hosts = hosts,
                                        .programs = {{Bao::default_binary(), "/usr/local/bin/bao"}}}));
    CT_TRY(site->node_, Machine::make({.name = "node", .network = site->cable_->second(), .hosts = hosts}));
    CT_CHECK(site->bring_packages(packages));
    return site;
}

Result<std::unique_ptr<Site>> Site::ready(const std::string& packages) {
    CT_TRY(auto site, make(packages));
    for (const auto& step : read_guide(folder_of(packages) + "/quickstart.md"))
        CT_CHECK(site->follow(step));
    return site;
}

Status Site::bring_packages(const std::string& packages) {
    for (Machine* machine : {vault_.get(), node_.get()}) {
        std::error_code error;
        fs::remove_all(machine->path("/srv/packages"), error);
        for (const auto& entry : fs::directory_iterator(folder_of(packages), error))
            if (entry.path().extension() == ".deb")
                CT_CHECK(machine->copy_in(entry.path(), "/srv/packages/" + entry.path().filename().string()));
        if (error) return fail(Reason::io_failed, folder_of(packages) + ": " + error.message());
    }
    return {};
}

Result<Machine*> Site::machine(const std::string& name) {
    if (name == "vault") return vault_.get();
    if (name == "node") return node_.get();
    return fail(Reason::invalid_argument, "no machine '" + name + "'");
}

Status Site::follow(const Step& step) {
    const std::string at = "docs/quickstart.md:" + std::to_string(step.line) + ": ";
    if (step.where == "copy") {
        std::istringstream words(step.commands);
        for (std::string scp, from, to; words >> scp >> from >> to;) {
            const auto split = [](const std::string& word) {
                const auto colon = word.find(':');
                return std::pair(word.substr(0, colon), word.substr(colon + 1));
            };
            const auto [from_machine, from_file] = split(from);
            const auto [to_machine, to_file] = split(to);
            CT_TRY(const Machine* source, machine(from_machine));
            CT_TRY(const Machine* target, machine(to_machine));
            CT_TRY(const auto content, source->read(from_file));
            CT_CHECK(target->write(to_file, content));
        }
        return {};
    }
    CT_TRY(const Machine* there, machine(step.where));
    // Whoever reads this page gives the journal the time to write down what happened.
    if (const auto written = there->run({"journalctl", "--sync"}); written.code != 0)
        return fail(Reason::io_failed, at + written.all());
    Machine::Outcome outcome;
    if (step.answer.empty()) {
        outcome = there->sh(step.commands, kStep);
    } else {
        // script(1) is the terminal, and we the person at it.
        CT_CHECK(there->write("/run/step", step.commands));
        outcome = there->sh(
            "echo '" + step.answer + "' | script --quiet --return --command 'sh -eu /run/step' /dev/null", kStep);
    }
    if (outcome.code != 0)
        return fail(Reason::io_failed, at + "ended with " + std::to_string(outcome.code) + "\n" + outcome.all());
    std::istringstream lines(outcome.out);
    std::string line;
    for (const auto& expected : step.expected) {
        bool found = false;
        while (!found && std::getline(lines, line))
            found = fits(line, expected);
        if (!found) return fail(Reason::malformed, at + "no line '" + expected + "' in\n" + outcome.all());
    }
    return {};
}

Machine::Outcome Site::bao(const std::string& command) const {
    return vault_->sh(
        "export BAO_ADDR=https://127.0.0.1:8200 BAO_CACERT=/etc/openbao/tls/vault-ca.pem "
        "BAO_TOKEN=\"$(cat /etc/openbao/root-token)\"\nbao " +
        command);
}

std::string Site::journals() const {
    std::string all;
    for (const Machine* machine : {vault_.get(), node_.get()})
        all += machine->sh("echo; hostname; journalctl --no-pager --no-hostname -o short -n 60 SYSLOG_FACILITY=3").out;
    return all;
}

}  // namespace ct::test
