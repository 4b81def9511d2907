// SPDX-License-Identifier: Apache-2.0
// The nodes of a gate: one file each in its nodes folder. Nothing is changed unless a person (or a fingerprint that came
// another way) has said that the entry is the node's own, and the gate takes it.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "attest/judge/enrolment_files.h"
#include "base/fd.h"
#include "clients/ctl/commands.h"
#include "clients/ctl/files.h"
#include "clients/ctl/node_bus.h"
#include "clients/ctl/node_entry.h"
#include "codec/hex.h"

namespace ct::ctl {
namespace {

constexpr std::size_t kFile = 64UZ << 10;

// What the gate reads.
struct Book {
    std::string folder;
    judge::Enrolments nodes;

    [[nodiscard]] std::string file_of(const std::string& name) const { return folder + "/" + name + ".toml"; }
};

Result<Book> open_book(const std::string& settings) {
    Book book{"/etc/cloudtaser/nodes.d", {}};
    const auto document = config::Document::load(settings);
    if (!document && document.error().reason != Reason::config_missing) return std::unexpected(document.error());
    if (document) {
        if (const auto folder = document->root().get("nodes")) {
            CT_TRY(book.folder, folder->as_string());
        }
        CT_CHECK(book.nodes.add(document->root()));
    }
    CT_CHECK(judge::add_folder(book.nodes, book.folder));
    return book;
}

// A node whose entry is a file that we wrote and nobody has changed since: writing it anew loses nothing.
Status owns_its_file(const Book& book, const std::string& name) {
    const auto at = book.nodes.position_of(name);
    if (!at) return fail(Reason::invalid_argument, "no node '" + name + "' is enrolled");
    const std::string own = book.file_of(name);
    if (at->file == own) {
        CT_TRY(const auto text, read_file(own, kFile));
        if (const auto entry = read_entry(text, own); entry && to_toml(*entry) == text) return {};
    }
    return fail(Reason::invalid_argument,
                "node '" + name + "' stands at " + at->file + ":" + std::to_string(at->line) + ": edit it there");
}

// True if a gate runs here and has taken it.
Result<bool> reload_gate() {
    auto bus = NodeBus::open(false, true);
    if (!bus || !bus->look_around() || !bus->runs(kGate)) return false;
    CT_CHECK(bus->reload(kGate));
    return true;
}

// Writes the entry and has the gate read it; what the gate refuses is taken back.
Result<bool> put(const Book& book, const NodeEntry& entry) {
    if (::mkdir(book.folder.c_str(), 0755) == 0) ::chmod(book.folder.c_str(), 0755);
    const std::string path = book.file_of(entry.name);
    const auto before = read_file(path, kFile);
    const std::string text = to_toml(entry);
    CT_CHECK(write_file(path, as_bytes(text), 0644, before ? Existing::replace : Existing::refuse));
    auto taken = reload_gate();
    if (taken) return taken;
    if (before)
        CT_CHECK(write_file(path, as_bytes(*before), 0644, Existing::replace));
    else
        ::unlink(path.c_str());
    auto error = std::move(taken).error();
    error.context = "the gate refuses to reload, so nothing was changed: " + error.context;
    return std::unexpected(std::move(error));
}

void describe(const NodeEntry& entry, Output& out) {
    out.field("Node", printable(entry.name));
    for (const auto& key : entry.spki)
        out.field("Pin", hex_encode(key));
    for (const auto& [kind, words] : entry.keys)
        for (const auto& word : words)
            out.field(kind, word);
    out.field("Fingerprint", short_fingerprint(entry));
}

void put_json(const NodeEntry& entry, json::Writer& json) {
    json.begin_object().key("name").string(entry.name).key("fingerprint").string(short_fingerprint(entry));
    json.key("state").string(entry.revoked ? "revoked" : "enrolled").key("pins").begin_array();
    for (const auto& key : entry.spki)
        json.string(hex_encode(key));
    json.end_array().key("keys").begin_object();
    for (const auto& [kind, words] : entry.keys) {
        json.key(kind).begin_array();
        for (const auto& word : words)
            json.string(word);
        json.end_array();
    }
    json.end_object().end_object();
}

std::string when_in_force(bool taken) {
    return taken ? "in force: the gate has read it" : "no gate runs here: it counts from the gate's start";
}

// Somebody must have seen the same fingerprint on the node itself.
Status confirm(const NodeEntry& entry, const GateNodeOptions& options) {
    const std::string fingerprint = short_fingerprint(entry);
    if (!options.fingerprint.empty()) {
        if (says(options.fingerprint, fingerprint)) return {};
        return fail(Reason::invalid_argument,
                    "the file's fingerprint is " + fingerprint + ", not the one given: it is not what the node showed");
    }
    if (!options.ask_person || options.file == "-")
        return fail(Reason::invalid_argument,
                    "nobody to ask: give --fingerprint as the node shows it (cloudtaserctl "
                    "enrolment); this file's is " +
                        fingerprint);
    Output shown(Output::Mode::plain);
    describe(entry, shown);
    CT_TRY(auto text, shown.take());
    text += "Does the node itself show this fingerprint (cloudtaserctl enrolment)? [y/N] ";
    CT_CHECK(write_all(STDERR_FILENO, text.data(), text.size()));
    std::array<char, 16> answer{};
    const ssize_t size = ::read(STDIN_FILENO, answer.data(), answer.size());  // a terminal gives one line
    const std::string_view said(answer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    if (said == "y\n" || said == "yes\n") return {};
    return fail(Reason::cancelled, "not enrolled");
}

}  // namespace

Result<int> gate_node_add(const GateNodeOptions& options, Output& out) {
    const bool standard_input = options.file == "-";
    CT_TRY(const auto text, standard_input ? read_fd(STDIN_FILENO, kFile) : read_file(options.file, kFile));
    CT_TRY(NodeEntry entry, read_entry(text, standard_input ? "standard input" : options.file));
    entry.revoked = false;
    CT_TRY(const Book book, open_book(options.settings));
    for (const auto& [name, known] : entries_of(book.nodes)) {
        if (name == entry.name) {
            if (!options.replace)
                return fail(Reason::invalid_argument,
                            "node '" + name + "' is enrolled already; --replace enrols it anew with these keys");
            CT_CHECK(owns_its_file(book, name));
            continue;
        }
        for (const auto& key : known.spki)
            if (std::ranges::find(entry.spki, key) != entry.spki.end())
                return fail(Reason::invalid_argument, "this key is that of node '" + name + "'");
    }
    CT_CHECK(confirm(entry, options));
    CT_TRY(const bool taken, put(book, entry));
    put_json(entry, out.json());
    describe(entry, out);
    out.field("Enrolled", when_in_force(taken));
    return 0;
}

Result<int> gate_node_revoke(const GateNodeOptions& options, Output& out) {
    CT_TRY(const Book book, open_book(options.settings));
    CT_CHECK(owns_its_file(book, options.name));
    NodeEntry entry = entries_of(book.nodes).at(options.name);
    entry.revoked = true;
    CT_TRY(const bool taken, put(book, entry));
    put_json(entry, out.json());
    describe(entry, out);
    out.field("Revoked", when_in_force(taken));
    out.line(taken ? "The gate has OpenBao end the tokens that it has."
                   : "The tokens that it has are ended when the gate starts, or by their time to live before that.");
    return 0;
}

Result<int> gate_node_list(const GateNodeOptions& options, Output& out) {
    CT_TRY(const Book book, open_book(options.settings));
    Table table({"NODE", "STATE", "FINGERPRINT", "EVIDENCE", "WHERE"});
    out.json().begin_array();
    for (const auto& [name, entry] : entries_of(book.nodes)) {
        put_json(entry, out.json());
        std::string kinds;
        for (const auto& [kind, words] : entry.keys)
            kinds.append(kinds.empty() ? "" : ", ").append(kind);
        const auto at = book.nodes.position_of(name);
        table.add({printable(name), entry.revoked ? "revoked" : "enrolled", short_fingerprint(entry), kinds,
                   at ? printable(at->file) + ":" + std::to_string(at->line) : ""});
    }
    out.json().end_array();
    if (table.empty())
        out.line("no node is enrolled");
    else
        out.table(table);
    return 0;
}

}  // namespace ct::ctl
