// SPDX-License-Identifier: Apache-2.0
#include "http/download.h"

#include <curl/curl.h>

#include <algorithm>

#include "http/failure.h"

namespace ct::http {
namespace {

constexpr std::size_t kHeaderBytes = 64UZ * 1024;  // of one answer; Intel sends certificates in them
constexpr long kConnectTimeout = 10'000;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const auto from = text.find_first_not_of(kBlanks);
    if (from == std::string_view::npos) return {};
    return text.substr(from, text.find_last_not_of(kBlanks) - from + 1);
}

}  // namespace

std::optional<std::string> Document::header(std::string_view name) const {
    const auto at = std::ranges::find(headers, name, &std::pair<std::string, std::string>::first);
    if (at == headers.end()) return std::nullopt;
    return at->second;
}

struct Downloader::State {
    DownloadOptions options;
    std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy{nullptr, curl_easy_cleanup};
    Document document;
    std::size_t header_bytes = 0;
    bool too_large = false;

    static std::size_t on_header(char* data, std::size_t one, std::size_t size, void* self) {
        return static_cast<State*>(self)->take_header({data, one * size});
    }
    static std::size_t on_body(char* data, std::size_t one, std::size_t size, void* self) {
        return static_cast<State*>(self)->take_body({data, one * size});
    }
    std::size_t take_header(std::string_view line);
    std::size_t take_body(std::string_view data);
    bool prepare(const std::string& url);
};

// A count other than the size of what was given ends the transfer.
std::size_t Downloader::State::take_header(std::string_view line) {
    header_bytes += line.size();
    too_large = too_large || header_bytes > kHeaderBytes;
    if (too_large) return 0;
    if (line.starts_with("HTTP/")) document.headers.clear();  // an interim answer came before
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return line.size();
    std::string name(line.substr(0, colon));
    std::ranges::transform(name, name.begin(), lower);
    document.headers.emplace_back(std::move(name), trimmed(line.substr(colon + 1)));
    return line.size();
}

std::size_t Downloader::State::take_body(std::string_view data) {
    too_large = document.body.size() + data.size() > options.limit;
    if (too_large) return 0;
    append(document.body, as_bytes(data));
    return data.size();
}

bool Downloader::State::prepare(const std::string& url) {
    document = {};
    header_bytes = 0;
    too_large = false;
    if (!easy) easy.reset(curl_easy_init());
    if (!easy) return false;
    bool ok = true;
    const auto set = [&](CURLoption option, auto value) {
        ok = ok && curl_easy_setopt(easy.get(), option, value) == CURLE_OK;
    };
    curl_easy_reset(easy.get());  // keeps its connections
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "https");
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!options.ca_file.empty()) {
        set(CURLOPT_CAINFO, options.ca_file.c_str());
        set(CURLOPT_CAPATH, nullptr);
    }
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeout);
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout.count()));
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set(CURLOPT_USERAGENT, "cloudtaser");
    set(CURLOPT_HEADERFUNCTION, &State::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, &State::on_body);
    set(CURLOPT_WRITEDATA, this);
    return ok;
}

Downloader::Downloader(DownloadOptions options) : state_(std::make_unique<State>()) {
    state_->options = std::move(options);
}
Downloader::~Downloader() = default;

Result<Document> Downloader::get(const std::string& url) {
    if (!url.starts_with("https://")) return fail(Reason::invalid_argument, url + ": only https is asked");
    if (!state_->prepare(url)) return fail(Reason::internal, "libcurl refuses an option");
    CURL* easy = state_->easy.get();
    const CURLcode code = curl_easy_perform(easy);
    if (state_->too_large) return fail(Reason::too_large, url);
    if (code == CURLE_COULDNT_CONNECT) return fail(Reason::upstream_unreachable, url + ": nobody answers there");
    if (code != CURLE_OK) {
        Error error = to_error(easy, code);
        error.context = url + ": " + error.context;
        return std::unexpected(std::move(error));
    }
    long status = 0;
    curl_off_t wait = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &wait);
    state_->document.status = static_cast<int>(status);
    state_->document.retry_after = Seconds(std::max<curl_off_t>(wait, 0));
    return std::move(state_->document);
}

}  // namespace ct::http
