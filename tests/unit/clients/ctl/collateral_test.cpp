// SPDX-License-Identifier: Apache-2.0
// A company's desk: from the makers' services, good and bad, to a signed file that a gate takes.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>

#include "attest/collateral/bundle.h"
#include "attest/judge/makers.h"
#include "attest/judge/record.h"
#include "attest/signed/envelope.h"
#include "base/fd.h"
#include "clients/ctl/collateral_fetch.h"
#include "clients/ctl/commands.h"
#include "clients/ctl/signed_file.h"
#include "support/scripted_http.h"
#include "support/simulated_makers.h"
#include "support/vectors.h"
#include "told.h"

namespace ct::ctl {
namespace {

using attest::Collateral;
using ct::test::SimulatedMakers;
using Outcome = Fetched::Outcome;
using attest::tdx::day;

const WallTime kNow = std::chrono::floor<Seconds>(std::chrono::system_clock::now());

std::string escaped(ByteView text) {
    std::string out;
    for (const char c : as_text(text))
        out +=
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ? std::string(1, c) : "%" + hex_encode(as_bytes({&c, 1}));
    return out;
}

TEST(CollateralSources, AreAskedAsTheMakersDocumentThem) {
    const std::string chip = std::string(126, 'a') + "01", turin = "0102030405060708" + std::string(112, '0');
    const struct {
        Wanted wanted;
        std::string path;
    } rows[] = {
        {{"amd/crl/Milan"}, "/vcek/v1/Milan/crl"},
        {{"amd/vcek/" + chip + "/0304000000000fdb", "Milan"},
         "/vcek/v1/Milan/" + chip + "?blSPL=3&teeSPL=4&snpSPL=15&ucodeSPL=219"},
        {{"amd/vcek/" + turin + "/0102030400000008", "Turin"},
         "/vcek/v1/Turin/0102030405060708?fmcSPL=1&blSPL=2&teeSPL=3&snpSPL=4&ucodeSPL=8"},
        {{"intel/tcb-info/00806f050000"}, "/tdx/certification/v4/tcb?fmspc=00806f050000"},
        {{"intel/td-qe-identity"}, "/tdx/certification/v4/qe/identity"},
        {{"intel/pck-crl/processor"}, "/sgx/certification/v4/pckcrl?ca=processor&encoding=der"},
        {{"intel/root-crl"}, "/sgx/certification/v4/rootcacrl"},
    };
    for (const auto& row : rows) {
        const auto source = source_of(row.wanted);
        ASSERT_TRUE(source) << source.error().to_string();
        EXPECT_EQ(source->path, row.path);
    }
    for (const char* name : {"intel/tcb-signing-chain", "intel/pck-ca/platform", "deny"})
        EXPECT_EQ(source_of({name}).error().reason, Reason::invalid_argument) << name;
}

TEST(CollateralSources, AListOfWantedItemsIsUnderstoodInEveryLineOrNotAtAll) {
    const std::string vcek = "amd/vcek/" + std::string(128, 'a') + "/" + std::string(16, '0');
    const auto wanted = parse_wanted("# ours\n\n  intel/tcb-info/00806f050000 # SPR\r\n" + vcek + "  Genoa\n");
    ASSERT_TRUE(wanted) << wanted.error().to_string();
    ASSERT_EQ(wanted->size(), 2U);
    EXPECT_EQ(wanted->at(0).name, "intel/tcb-info/00806f050000");
    EXPECT_EQ(wanted->at(1).product, "Genoa");
    for (const std::string& line : {vcek, vcek + " Rome", std::string("amd/crl/Milan Milan"), std::string("nothing"),
                                    std::string("intel/tcb-signing-chain"), std::string("../etc/passwd")}) {
        const auto refused = parse_wanted("\n" + line);
        ASSERT_FALSE(refused) << line;
        EXPECT_NE(refused.error().context.find("line 2"), std::string::npos) << refused.error().context;
    }
}

TEST(CollateralWanted, IsWhatMachinesHaveShownToAGate) {
    const ct::test::TempDir folder;
    const auto write = [&](const std::string& name, const judge::Decision& decision) {
        judge::Record record;
        record.decision = encode(decision);
        return folder.write(name, as_text(encode(record)));
    };
    const std::string chip(128, 'a'), other(128, 'b'), tcb(16, '1');
    judge::Decision refused, mixed;
    refused.findings = {{Reason::evidence_collateral_missing, ""}};
    refused.claims["sev-snp"] = {{"chip_id", other}, {"reported_tcb", tcb}};
    mixed.claims["sev-snp"] = {{"chip_id", chip}, {"reported_tcb", tcb}, {"product", "Genoa"}};
    mixed.claims["tdx"] = {{"fmspc", "90c06f000000"}};
    mixed.claims["tpm2"] = {{"ak", "sha256:00"}};
    judge::Decision masked;
    masked.claims["sev-snp"] = {{"chip_id", std::string(128, '0')}, {"reported_tcb", tcb}, {"product", "Milan"}};
    const std::vector<std::string> files = {write("1", refused), write("2", mixed), write("3", masked),
                                            write("4", mixed)};
    const auto told = test::told([&](Output& out) { return collateral_wanted(files, out); });
    EXPECT_EQ(told.code, 0) << told.text;
    EXPECT_EQ(told.text, "# Milan, Genoa or Turin? amd/vcek/" + other + "/" + tcb + "\namd/vcek/" + chip + "/" + tcb +
                             " Genoa\nintel/tcb-info/90c06f000000\n");
    EXPECT_EQ(parse_wanted(told.text)->size(), 2U);
    folder.write("1", "nothing");
    EXPECT_NE(test::told([&](Output& out) { return collateral_wanted(files, out); }).text.find("not an audit record"),
              std::string::npos);
}

// The makers' services and a clock, as values.
class CollateralFetch : public testing::Test {
protected:
    static const SimulatedMakers& made() {
        static const SimulatedMakers makers(kNow);
        return makers;
    }
    CollateralFetch() : folder_(CollateralFolder::open(dir_.path()).value()), items_(made().items) {
        auto all = crypto::Certificate::chain_from_pem(made().roots, 8).value();
        for (auto& one : all)
            (one.subject_name() == one.issuer_name() ? others_.roots : others_.intermediates).push_back(std::move(one));
        wanted_ = {{"amd/crl/Milan"},          {made().vcek_name, "Milan"}, {"intel/root-crl"},
                   {"intel/pck-crl/platform"}, {"intel/pck-crl/processor"}, {"intel/td-qe-identity"},
                   {made().tcb_info_name}};
    }
    // As the services would answer for an item.
    http::Document answer(const Wanted& wanted) const {
        const Source source = source_of(wanted).value();
        http::Document out{200, {}, items_.at(wanted.name), Seconds(0)};
        if (source.hex) out.body = to_vector(as_bytes(hex_encode(out.body)));
        if (!source.chain_item.empty()) out.headers = {{source.chain_header, escaped(items_.at(source.chain_item))}};
        return out;
    }
    std::vector<Fetched> fetch() {
        const FetchPorts ports{[this](Service, const std::string& path) -> Result<http::Document> {
                                   asked_.push_back(path);
                                   if (auto& odd = odd_[path]; !odd.empty()) {
                                       auto first = std::move(odd.front());
                                       odd.erase(odd.begin());
                                       return first;
                                   }
                                   for (const auto& wanted : wanted_)
                                       if (source_of(wanted)->path == path) return answer(wanted);
                                   return http::Document{404, {}, {}, Seconds(0)};
                               },
                               [this](Seconds time, std::string_view) {
                                   waits_.push_back(time);
                                   now_ += time;
                               },
                               [this] { return now_; }};
        auto rows = fetch_collateral(wanted_, folder_, rules_, ports, others_);
        EXPECT_TRUE(rows) << rows.error().to_string();
        return std::move(*rows);
    }
    static std::vector<Outcome> outcomes(const std::vector<Fetched>& rows) {
        std::vector<Outcome> out;
        for (const auto& row : rows)
            out.push_back(row.outcome);
        return out;
    }
    void odd(const Wanted& wanted, std::vector<Result<http::Document>> answers) {
        odd_[source_of(wanted)->path] = std::move(answers);
    }
    static http::Document status(int code, Seconds retry = Seconds(0)) { return {code, {}, {'x'}, retry}; }

    ct::test::TempDir dir_;
    CollateralFolder folder_;
    Collateral items_;
    attest::OtherMakers others_;
    std::vector<Wanted> wanted_;
    FetchRules rules_;
    WallTime now_ = kNow;
    std::map<std::string, std::vector<Result<http::Document>>> odd_;
    std::vector<std::string> asked_;
    std::vector<Seconds> waits_;
};

TEST_F(CollateralFetch, BringsWhatIsMissingAndAsksNobodyAgain) {
    EXPECT_EQ(outcomes(fetch()), std::vector(7, Outcome::fetched));
    EXPECT_EQ(folder_.items(), items_) << "chains came with what they sign";
    EXPECT_EQ(asked_.size(), 7U);
    EXPECT_EQ(waits_, std::vector{Seconds(10)}) << "two requests to AMD, ten seconds apart; Intel sets no pace";
    asked_.clear();
    const auto again = fetch();
    EXPECT_EQ(outcomes(again), std::vector(7, Outcome::fresh));
    EXPECT_TRUE(asked_.empty());
    EXPECT_EQ(again[0].until, kNow + std::chrono::days(20));
    // A second process sees the same.
    folder_ = CollateralFolder::open(dir_.path()).value();
    EXPECT_EQ(folder_.items(), items_);
    EXPECT_EQ(outcomes(fetch()), std::vector(7, Outcome::fresh));
}

TEST_F(CollateralFetch, ARunThatWasCutShortGoesOnWhereItWas) {
    const auto all = wanted_;
    wanted_.resize(3);
    fetch();
    wanted_ = all;
    asked_.clear();
    EXPECT_EQ(outcomes(fetch()), (std::vector{Outcome::fresh, Outcome::fresh, Outcome::fresh, Outcome::fetched,
                                              Outcome::fetched, Outcome::fetched, Outcome::fetched}));
    EXPECT_EQ(asked_.size(), 4U);
}

TEST_F(CollateralFetch, AsksForWhatIsNearItsEndOrOld) {
    fetch();
    asked_.clear();
    now_ = kNow + std::chrono::days(11);  // nine before the end of all but certificates
    const auto rows = fetch();
    EXPECT_EQ(rows[1].outcome, Outcome::fresh) << "a VCEK";
    EXPECT_EQ(asked_.size(), 6U);
    now_ = kNow + std::chrono::days(8);  // older than seven days, ends in twelve
    for (const auto& row : fetch())
        EXPECT_EQ(row.outcome == Outcome::fresh, row.name == made().vcek_name) << row.name;
    rules_.age = std::chrono::days(30);
    EXPECT_EQ(outcomes(fetch()), std::vector(7, Outcome::fresh));
}

TEST_F(CollateralFetch, WaitsAsLongAsAServiceAsksAndLongerEachTime) {
    wanted_ = {wanted_[2]};
    odd(wanted_[0], {status(429, Seconds(17)), status(503), fail(Reason::timed_out), fail(Reason::io_failed)});
    EXPECT_EQ(outcomes(fetch()), std::vector{Outcome::fetched});
    EXPECT_EQ(waits_, (std::vector{Seconds(17), Seconds(10), Seconds(20), Seconds(40)}));
    EXPECT_EQ(asked_.size(), 5U);
}

TEST_F(CollateralFetch, KeepsWhatItHasWhenAServiceIsOutAndAsksItNothingMore) {
    fetch();
    asked_.clear();
    now_ = kNow + std::chrono::days(15);
    odd(wanted_[2], std::vector<Result<http::Document>>(5, status(503)));
    const auto rows = fetch();
    EXPECT_EQ(outcomes(rows), (std::vector{Outcome::fetched, Outcome::fresh, Outcome::kept, Outcome::kept,
                                           Outcome::kept, Outcome::kept, Outcome::kept}));
    EXPECT_EQ(asked_.size(), 6U) << "AMD's list once, Intel's first item five times";
    EXPECT_EQ(rows[2].until, kNow + std::chrono::days(20));
    EXPECT_NE(rows[6].why.find("Intel is out: status 503"), std::string::npos) << rows[6].why;
    EXPECT_EQ(folder_.items(), items_);
    // Once it has ended, what was kept counts no more.
    now_ = kNow + std::chrono::days(21);
    odd(wanted_[2], std::vector<Result<http::Document>>(5, status(503)));
    EXPECT_EQ(fetch()[2].outcome, Outcome::missing);
}

TEST_F(CollateralFetch, IsNotPatientForever) {
    wanted_ = {wanted_[2]};
    odd(wanted_[0], {status(429, Seconds(3600))});
    EXPECT_EQ(outcomes(fetch()), std::vector{Outcome::missing});
    EXPECT_TRUE(waits_.empty()) << "an hour is more than it was given";
}

TEST_F(CollateralFetch, BelievesNobodyWhoIsNotTheService) {
    odd(wanted_[2], {fail(Reason::tls_failed, "another's certificate")});
    const auto rows = fetch();
    EXPECT_EQ(rows[2].outcome, Outcome::missing);
    EXPECT_NE(rows[6].why.find("another's certificate"), std::string::npos);
    EXPECT_EQ(asked_.size(), 3U) << "no second try, and nothing else of that service";
}

TEST_F(CollateralFetch, AnAnswerThatIsNotInOrderTakesNoItemsPlace) {
    fetch();
    now_ = kNow + std::chrono::days(11);
    const Wanted list{"amd/crl/Milan"}, info{made().tcb_info_name}, pck{"intel/pck-crl/platform"};
    http::Document cut = answer(list), bent = answer(info), bare = answer(pck), html = status(200);
    cut.body.resize(cut.body.size() / 2);
    bent.body[30] ^= 1;
    bare.headers.clear();
    odd(list, {cut});
    odd(info, {bent});
    odd(pck, {bare});
    odd(wanted_[2], {html});
    odd(wanted_[4], {status(404)});
    const auto rows = fetch();
    EXPECT_EQ(outcomes(rows), (std::vector{Outcome::kept, Outcome::fresh, Outcome::kept, Outcome::kept, Outcome::kept,
                                           Outcome::fetched, Outcome::kept}));
    EXPECT_NE(rows[3].why.find("sgx-pck-crl-issuer-chain"), std::string::npos) << rows[3].why;
    EXPECT_NE(rows[4].why.find("404"), std::string::npos);
    EXPECT_EQ(folder_.items(), items_);
}

// Intel's own words, as its service gave them in February 2026.
TEST(CollateralVectors, WhatIntelServesIsInOrderAtItsTime) {
    CT_NEEDS_VECTORS();
    const auto document =
        json::Document::parse(SecretBuffer::copy_of(ct::test::read_vector("tdx/emr-v5-phala.collateral.json")).value())
            .value();
    const auto part = [&](const char* name) { return document.root().find(name)->text(); };
    const auto signed_by = [&](const char* member, const char* name) {
        return to_vector(as_bytes("{\"" + std::string(member) + "\":" + std::string(part(name)) + ",\"signature\":\"" +
                                  std::string(part((std::string(name) + "_signature").c_str())) + "\"}"));
    };
    const auto chain = [&](const char* name) { return escaped(as_bytes(part(name))); };
    std::map<std::string, http::Document> service;
    service["/tdx/certification/v4/tcb?fmspc=90c06f000000"] = {
        200, {{"tcb-info-issuer-chain", chain("tcb_info_issuer_chain")}}, signed_by("tcbInfo", "tcb_info"), Seconds(0)};
    service["/tdx/certification/v4/qe/identity"] = {
        200,
        {{"sgx-enclave-identity-issuer-chain", chain("qe_identity_issuer_chain")}},
        signed_by("enclaveIdentity", "qe_identity"),
        Seconds(0)};
    service["/sgx/certification/v4/pckcrl?ca=platform&encoding=der"] = {
        200,
        {{"sgx-pck-crl-issuer-chain", chain("pck_crl_issuer_chain")}},
        hex_decode(part("pck_crl"), 1 << 20).value(),
        Seconds(0)};
    service["/sgx/certification/v4/rootcacrl"] = {200, {}, to_vector(as_bytes(part("root_ca_crl"))), Seconds(0)};
    const ct::test::TempDir dir;
    auto folder = CollateralFolder::open(dir.path()).value();
    const std::vector<Wanted> wanted = {
        {"intel/root-crl"}, {"intel/pck-crl/platform"}, {"intel/td-qe-identity"}, {"intel/tcb-info/90c06f000000"}};
    const auto rows_at = [&](WallTime now) {
        const FetchPorts ports{
            [&](Service, const std::string& path) -> Result<http::Document> { return service[path]; },
            [](Seconds, std::string_view) {}, [now] { return now; }};
        return fetch_collateral(wanted, folder, {}, ports).value();
    };
    const auto late = rows_at(day(2026, 6, 1));
    for (std::size_t i = 1; i < late.size(); ++i)
        EXPECT_EQ(late[i].outcome, Outcome::missing) << late[i].name << ": they ended in March";
    const auto rows = rows_at(day(2026, 3, 1));
    for (const auto& row : rows)
        EXPECT_NE(row.outcome, Outcome::missing) << row.name << ": " << row.why;
    EXPECT_EQ(folder.items().size(), 6U) << "with the two chains";
}

// The verbs, against a real HTTPS server.
class CollateralDesk : public CollateralFetch {
protected:
    static void SetUpTestSuite() {
        auto made = ct::test::Authority::create();
        ASSERT_TRUE(made) << made.error().to_string();
        authority = std::make_unique<ct::test::Authority>(std::move(*made));
    }
    static void TearDownTestSuite() { authority.reset(); }

    CollateralDesk() : makers_(desk_.write("makers.pem", made().roots)) {
        std::filesystem::create_directory(desk_.file("items"));
        desk_.write("items/wanted", made().vcek_name + " Milan\n" + made().tcb_info_name + "\n");
    }
    // All connections are served by one script; every path that is no item's is not found.
    std::unique_ptr<ct::test::ScriptedHttp> serve(const ct::test::Authority::Identity& identity) {
        return std::make_unique<ct::test::ScriptedHttp>(
            identity, std::vector<ct::test::ScriptedHttp::Script>(4, [this](ct::test::ScriptedHttp::Peer& peer) {
                for (std::string request; !(request = peer.read_request()).empty();) {
                    const std::string path = request.substr(4, request.find(' ', 4) - 4);
                    const auto wanted =
                        std::ranges::find(wanted_, path, [](const Wanted& one) { return source_of(one)->path; });
                    if (wanted == wanted_.end()) {
                        peer.answer(404, "");
                        continue;
                    }
                    const auto document = answer(*wanted);
                    std::string headers;
                    for (const auto& [name, value] : document.headers)
                        headers += name + ": " + value + "\r\n";
                    peer.answer(200, as_text(document.body), headers);
                }
            }));
    }
    test::Told fetch_from(const ct::test::ScriptedHttp& server, const std::string& only = "intel") {
        CollateralFetchOptions options{.folder = desk_.file("items"),
                                       .ca_file = authority->ca_file(),
                                       .makers = makers_,
                                       .only = only,
                                       .pace = 0,
                                       .patience = 0};
        options.amd = options.intel = "https://127.0.0.1:" + std::to_string(server.port());
        return test::told([&](Output& out) { return collateral_fetch(options, out); });
    }
    std::string key(const std::string& name) {
        const auto made =
            test::told([&](Output& out) { return collateral_keygen(desk_.file(name), out); }, Output::Mode::json);
        return std::string(test::parsed(made.text).root().find("signer")->text());
    }
    test::Told sign(std::vector<std::string> names) {
        for (auto& name : names)
            name = desk_.file(name);
        return test::told([&](Output& out) { return collateral_sign({bundle_, names}, out); });
    }
    test::Told pack(CollateralPackOptions options = {}) {
        options.folder = desk_.file("items");
        options.file = bundle_;
        options.makers = makers_;
        return test::told([&](Output& out) { return collateral_pack(options, kNow, out); });
    }
    test::Told verify(std::vector<std::string> signers, std::size_t needed, WallTime at = kNow,
                      Output::Mode mode = Output::Mode::plain) {
        const CollateralVerifyOptions options{bundle_, std::move(signers), needed, format_timestamp(at), makers_};
        return test::told([&](Output& out) { return collateral_verify(options, kNow, out); }, mode);
    }
    test::Told show(std::vector<std::string> signers) {
        const CollateralVerifyOptions options{bundle_, std::move(signers), 1, format_timestamp(kNow), makers_};
        return test::told([&](Output& out) { return collateral_show(options, kNow, out); });
    }
    // As if a fetch had been.
    void fill() {
        auto folder = CollateralFolder::open(desk_.file("items")).value();
        for (const auto& [name, content] : items_)
            ASSERT_TRUE(folder.store(name, content));
    }

    static inline std::unique_ptr<ct::test::Authority> authority;
    ct::test::TempDir desk_;
    std::string makers_, bundle_ = desk_.file("bundle");
};

TEST_F(CollateralDesk, IsFetchedFromServicesPackedSignedByTwoAndTakenByAGate) {
    const auto server = serve(authority->server());
    const auto intel = fetch_from(*server);
    EXPECT_EQ(intel.code, 0) << intel.text;
    const auto amd = fetch_from(*server, "amd");
    EXPECT_EQ(amd.code, 1) << "this AMD has no list of Genoa's\n" << amd.text;
    EXPECT_NE(amd.text.find("404"), std::string::npos);
    EXPECT_EQ(CollateralFolder::open(desk_.file("items"))->items(), items_);

    const std::string alice = key("alice"), bob = key("bob"), carol = key("carol");
    const std::string deny = desk_.write("deny", "sev-snp.chip_id=00\n");
    EXPECT_EQ(pack({.deny = {deny}}).code, 0);
    EXPECT_EQ(sign({"alice"}).code, 0);
    EXPECT_NE(verify({alice, bob, carol}, 2).text.find("evidence_signature_invalid"), std::string::npos);
    EXPECT_EQ(sign({"carol"}).code, 0);
    const auto good = verify({alice, bob, carol}, 2);
    EXPECT_EQ(good.code, 0) << good.text;
    EXPECT_NE(good.text.find("Signature of    " + alice), std::string::npos) << good.text;
    EXPECT_NE(verify({bob}, 1).text.find("evidence_signature_invalid"), std::string::npos);

    const auto signers = judge::Signers{{judge::parse_signer(alice).value(), judge::parse_signer(carol).value()}, 2};
    const auto makers = judge::open_makers(as_bytes(read_file(bundle_, 1 << 20).value()), signers);
    ASSERT_TRUE(makers) << makers.error().to_string();
    EXPECT_EQ(makers->items.size(), items_.size() + 1);
    EXPECT_EQ(makers->until, kNow + std::chrono::days(20)) << "the first of its items ends";
    EXPECT_EQ(as_text(makers->items.at("deny")), "sev-snp.chip_id=00\n");
}

TEST_F(CollateralDesk, IsShownWithItsSignaturesAsFarAsTheyWereVerified) {
    fill();
    const std::string alice = key("alice");
    ASSERT_EQ(pack().code, 0);
    ASSERT_EQ(sign({"alice"}).code, 0);
    const auto good = show({alice});
    EXPECT_EQ(good.code, 0);
    EXPECT_NE(good.text.find("Signature of    " + alice + "\n"), std::string::npos) << good.text;
    const auto blind = show({});
    EXPECT_EQ(blind.code, 0);
    EXPECT_NE(blind.text.find("Signature       not verified: of key "), std::string::npos) << blind.text;
    // The signature of another bundle.
    auto forged = read_signed(bundle_).value();
    ASSERT_EQ(pack({.deny = {desk_.write("deny", "sev-snp.chip_id=00\n")}}).code, 0);
    const auto other = read_signed(bundle_).value();
    forged.payload = other.payload;
    ASSERT_TRUE(write_signed(bundle_, forged));
    const auto bad = show({alice});
    EXPECT_EQ(bad.code, 1);
    EXPECT_NE(bad.text.find("Signature of    " + alice + " DOES NOT VERIFY"), std::string::npos) << bad.text;
}

TEST_F(CollateralDesk, IsFetchedOnceAServiceThatWasBusyAnswers) {
    const Wanted list{"intel/root-crl"};
    ct::test::ScriptedHttp server(authority->server(),
                                  {[](auto& peer) {  // one that breaks off in the middle of its answer
                                       peer.read_request();
                                       peer.write("HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\nhalf");
                                   },
                                   [&](auto& peer) {
                                       peer.read_request();
                                       peer.answer(429, "slow down", "Retry-After: 1\r\n");
                                       peer.read_request();
                                       peer.answer(200, as_text(items_.at(list.name)));
                                       peer.wait_closed();
                                   }});
    http::Downloader downloader({.ca_file = authority->ca_file()});
    std::vector<std::string> whys;
    const FetchPorts ports{[&](Service, const std::string& path) {
                               return downloader.get("https://127.0.0.1:" + std::to_string(server.port()) + path);
                           },
                           [&](Seconds time, std::string_view why) {
                               waits_.push_back(time);
                               whys.emplace_back(why);
                           },
                           [] { return kNow; }};
    const auto rows = fetch_collateral({list}, folder_, rules_, ports, others_);
    ASSERT_TRUE(rows) << rows.error().to_string();
    EXPECT_EQ(rows->front().outcome, Outcome::fetched) << rows->front().why;
    ASSERT_EQ(whys.size(), 2U);
    EXPECT_NE(whys[0].find("breaks off"), std::string::npos) << whys[0];
    EXPECT_EQ(whys[1], "status 429");
}

TEST_F(CollateralDesk, ComesOnlyFromAServiceWithItsOwnCertificate) {
    for (const auto& identity : {authority->expired().value(), authority->other_host().value()}) {
        const auto server = serve(identity);
        const auto refused = fetch_from(*server);
        EXPECT_EQ(refused.code, 1) << refused.text;
        EXPECT_NE(refused.text.find("tls_"), std::string::npos) << refused.text;
        EXPECT_TRUE(server->requests().empty());
    }
    EXPECT_TRUE(CollateralFolder::open(desk_.file("items"))->items().empty());
}

TEST_F(CollateralDesk, AKeyIsItsOwnersAndIsNeverOverwritten) {
    const std::string signer = key("alice");
    EXPECT_TRUE(judge::parse_signer(signer)) << signer;
    struct stat status{};
    ASSERT_EQ(::stat(desk_.file("alice").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
    const std::string before = read_file(desk_.file("alice"), 1 << 16).value();
    const auto again = test::told([&](Output& out) { return collateral_keygen(desk_.file("alice"), out); });
    EXPECT_NE(again.text.find("never overwritten"), std::string::npos);
    EXPECT_EQ(read_file(desk_.file("alice"), 1 << 16).value(), before);
}

TEST_F(CollateralDesk, IsPackedOnlyInOrder) {
    EXPECT_NE(pack().text.find("config_missing"), std::string::npos);
    fill();
    EXPECT_EQ(pack().code, 0);
    const auto bundle = [&] {
        const auto envelope = attest::decode_envelope(as_bytes(read_file(bundle_, 1 << 20).value())).value();
        return attest::decode_collateral(envelope.payload).value();
    };
    EXPECT_EQ(bundle().serial, static_cast<std::uint64_t>(kNow.time_since_epoch() / Seconds(1)));
    EXPECT_EQ(bundle().items, items_);
    EXPECT_EQ(pack({.serial = 7, .days = 5}).code, 0);
    EXPECT_EQ(bundle().serial, 7U);
    EXPECT_EQ(bundle().until, kNow + std::chrono::days(5));

    const std::string slip = desk_.write("slip", "sev-spn.chip_id=00\n"), broken = desk_.write("broken", "nonsense\n");
    EXPECT_NE(pack({.deny = {slip}}).text.find("no kind of evidence 'sev-spn'"), std::string::npos);
    EXPECT_NE(pack({.deny = {broken}}).text.find("line 1"), std::string::npos);
    desk_.write("items/notes.txt", "about these");
    EXPECT_NE(pack().text.find("Left out        notes.txt"), std::string::npos);
    desk_.write("items/intel/root-crl", "bent");
    EXPECT_NE(pack().text.find("intel/root-crl"), std::string::npos);
    EXPECT_EQ(bundle().serial, static_cast<std::uint64_t>(kNow.time_since_epoch() / Seconds(1))) << "the last good one";
}

TEST_F(CollateralDesk, IsNotInOrderAfterItsEndNorWhenBent) {
    fill();
    ASSERT_EQ(pack({.days = 60}).code, 0);
    const std::string alice = key("alice");
    ASSERT_EQ(sign({"alice"}).code, 0);
    const auto json = verify({alice}, 1, kNow, Output::Mode::json);
    EXPECT_EQ(json.code, 0);
    const auto document = test::parsed(json.text);
    EXPECT_EQ(document.root().find("sound")->boolean(), true);
    EXPECT_EQ(document.root().find("items")->size(), items_.size());
    EXPECT_NE(verify({alice}, 1, kNow + std::chrono::days(21)).text.find("evidence_collateral_expired"),
              std::string::npos);
    const auto early = verify({alice}, 1, kNow - std::chrono::days(2));
    EXPECT_EQ(early.code, 1) << "items that are not valid yet";
    EXPECT_NE(early.text.find("Not in order."), std::string::npos);

    std::string bytes = read_file(bundle_, 1 << 20).value();
    bytes[bytes.size() / 2] ^= 1;
    desk_.write("bundle", bytes);
    EXPECT_EQ(verify({alice}, 1).code, -1);
    desk_.write("bundle", "nothing");
    EXPECT_NE(verify({alice}, 1).text.find("malformed"), std::string::npos);
    EXPECT_NE(sign({"alice"}).text.find("malformed"), std::string::npos) << "nobody signs what is no bundle";
}

}  // namespace
}  // namespace ct::ctl
