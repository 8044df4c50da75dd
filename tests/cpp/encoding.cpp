// Sources, sinks, choices, batches and failures of encoding.

#include "check.hpp"
#include "sample.hpp"
#include "suite.hpp"

#include <cstdio>
#include <fstream>
#include <future>
#include <map>
#include <memory>
#include <thread>

namespace wal = walrus_accel;

namespace {

wal::blob_id id_of(const wal::context &context, wal::source from) {
    wal::encode_request request(std::move(from));
    request.n_shards = sample::n_shards;
    return context.encode(request).metadata().blob_id();
}

/// A reader of a blob.
auto reading(const bytes &blob) {
    return [&blob](std::uint64_t offset, wal::span<std::uint8_t> out) {
        std::copy_n(blob.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
    };
}

void sources(const wal::context &context, const sample &made) {
    const auto id = made.metadata.blob_id();
    const auto &blob = made.blob;
    CHECK(id_of(context, wal::source::memory(blob)) == id);

    const scratch files;
    std::ofstream(files / "blob", std::ios::binary)
        .write(reinterpret_cast<const char *>(blob.data()), static_cast<std::streamsize>(blob.size()));
    CHECK(id_of(context, wal::source::file(files / "blob")) == id);
    CHECK_FAILS(io, "nothing", id_of(context, wal::source::file(files / "nothing")));
    CHECK_FAILS(invalid_argument, "NUL", wal::source::file(std::string("a\0b", 3)));
    CHECK_FAILS(invalid_argument, "path", id_of(context, wal::source::file("")));

    std::FILE *open = std::fopen((files / "blob").c_str(), "rb");
    CHECK(open && id_of(context, wal::source::descriptor(fileno(open))) == id);
    std::fclose(open);
    CHECK_FAILS(invalid_argument, "-1", id_of(context, wal::source::descriptor(-1)));

    CHECK(id_of(context, wal::source::reader(blob.size(), reading(blob))) == id);
    // One that answers, and cannot be copied.
    auto whole = std::make_unique<bytes>(blob);
    auto owning = [whole = std::move(whole)](std::uint64_t offset, wal::span<std::uint8_t> out) {
        reading(*whole)(offset, out);
        return wal::flow::go_on;
    };
    CHECK(id_of(context, wal::source::reader(blob.size(), std::move(owning))) == id);
    CHECK_FAILS(cancelled, "",
                id_of(context, wal::source::reader(1, [](auto, auto) { return wal::flow::stop; })));
    const auto failing = wal::source::reader(5000, [](auto, auto) { throw 17; });
    CHECK_THROWS(17, id_of(context, failing));
    const auto failed = context.try_encode(wal::encode_request(failing));
    CHECK(!failed && failed.failure().status == wal::status::callback_failed && failed.failure().cause);
    CHECK_THROWS(17, failed.value());
}

void sinks(const wal::context &context, const sample &made) {
    const auto shape = made.metadata.shape();
    auto request = made.request();
    request.pairs = std::vector<std::uint16_t>{5, 2, 5};

    const auto some = context.encode(request);
    CHECK(is_same(some.sliver(wal::axis::primary, 5), made.kept.sliver(wal::axis::primary, 5)));
    CHECK(some.metadata().blob_id() == made.metadata.blob_id());
    CHECK_FAILS(not_found, "3", some.sliver(wal::axis::primary, 3));
    CHECK_FAILS(not_found, "directory", some.path());
    CHECK_FAILS(not_found, "directory", some.was_already_there());

    std::vector<bytes> rooms;
    for (int pair = 0; pair < 2; ++pair) {
        rooms.emplace_back(shape.primary_length);
        rooms.emplace_back(shape.secondary_length);
    }
    request.slivers = wal::sink::rooms({rooms.begin(), rooms.end()});
    const auto roomed = context.encode(request);
    CHECK(is_same(rooms[0], made.kept.sliver(wal::axis::primary, 2)));
    CHECK(is_same(rooms[3], made.kept.sliver(wal::axis::secondary, 5)));
    CHECK_FAILS(not_found, "elsewhere", roomed.sliver(wal::axis::primary, 5));
    request.slivers = wal::sink::rooms({rooms[0], rooms[1], rooms[2]});
    CHECK_FAILS(invalid_argument, "3", context.encode(request));
    request.slivers = wal::sink::rooms({rooms[0], rooms[1], rooms[0], rooms[3]});
    CHECK_FAILS(invalid_argument, "overlap", context.encode(request));

    std::map<std::pair<wal::axis, std::uint16_t>, bytes> written;
    std::uint64_t count = 0;
    request.slivers = wal::sink::callback([&](const wal::piece &piece) {
        auto &sliver = written[{piece.axis, piece.pair}];
        sliver.resize(piece.sliver_length);
        std::copy(piece.bytes.begin(), piece.bytes.end(),
                  sliver.begin() + static_cast<std::ptrdiff_t>(piece.offset));
        count += piece.bytes.size();
        CHECK(piece.index == wal::sliver_index(sample::n_shards, piece.axis, piece.pair));
    });
    (void)context.encode(request);
    CHECK(written.size() == 4 && count == 2 * (shape.primary_length + shape.secondary_length));
    for (const auto &[which, sliver] : written) {
        CHECK(is_same(sliver, made.kept.sliver(which.first, which.second)));
    }
    request.slivers = wal::sink::callback([](const wal::piece &) { return wal::flow::stop; });
    CHECK_FAILS(cancelled, "", context.encode(request));
    request.slivers = wal::sink::callback([](const wal::piece &) { throw 18; });
    CHECK_THROWS(18, context.encode(request));
}

void choices(const wal::context &context, const sample &made) {
    auto request = made.request();
    request.pairs = std::vector<std::uint16_t>();
    CHECK_FAILS(not_found, "0", context.encode(request).sliver(wal::axis::primary, 0));
    request.pairs = std::vector<std::uint16_t>{7};
    CHECK_FAILS(invalid_argument, "7", context.encode(request));
    request = made.request();
    request.commitment = wal::commitment::blake3;
    const auto other = context.encode(request).metadata();
    CHECK(other.commitment() == wal::commitment::blake3 && other.blob_id() != made.metadata.blob_id());
    request.n_shards = 3;
    CHECK_FAILS(invalid_argument, "3", context.encode(request));
    const auto network = context.encode(wal::encode_request(wal::source::memory(made.blob)));
    CHECK(network.metadata().shape().n_shards == WALRUS_ACCEL_NETWORK_SHARDS);
}

/// The call waits for its source until it was cancelled.
void cancelling(const wal::context &context) {
    const wal::control control;
    std::promise<void> is_reading;
    std::promise<void> is_cancelled;
    bool is_first = true;
    std::thread other([&] {
        is_reading.get_future().wait();
        control.cancel();
        is_cancelled.set_value();
    });
    const wal::encode_request request(wal::source::reader(50'000'000, [&](auto, auto) {
        if (std::exchange(is_first, false)) {
            is_reading.set_value();
            is_cancelled.get_future().wait();
        }
    }));
    const auto result = context.try_encode(request, control);
    other.join();
    CHECK(!result && result.failure().status == wal::status::cancelled && !result.failure().cause);
    CHECK(!result && result.failure().message == "cancelled");
}

void batches(const wal::context &context, const sample &made) {
    std::vector<wal::encode_request> requests(5, made.request());
    requests[1].n_shards = 2;
    requests[2].blob = wal::source::reader(1, [](auto, auto) { throw 19; });
    const wal::control control;
    auto results = context.encode_batch(requests, control);
    CHECK(results.size() == 5 && control.progress().done == 5 && control.progress().total == 5);
    CHECK(results[0].value().metadata().blob_id() == made.metadata.blob_id());
    CHECK(!results[1] && results[1].failure().status == wal::status::invalid_argument);
    CHECK(!results[2] && results[2].failure().status == wal::status::callback_failed);
    CHECK_THROWS(19, results[2].value());
    CHECK(results[4]->sliver(wal::axis::secondary, 6).size() == made.metadata.shape().secondary_length);
    CHECK(context.encode_batch({}).empty());
    control.cancel();
    results = context.encode_batch(requests, control);
    CHECK(!results[0] && results[0].failure().status == wal::status::cancelled);
}

void moves(const wal::context &context, const sample &made) {
    auto first = context.encode(made.request());
    const auto lent = first.sliver(wal::axis::primary, 1);
    auto second = std::move(first);
    CHECK(is_same(lent, second.sliver(wal::axis::primary, 1)));
    CHECK_FAILS(invalid_argument, "encoded", first.metadata());
    CHECK_FAILS(invalid_argument, "encoded", first.sliver(wal::axis::primary, 1));
    CHECK_FAILS(invalid_argument, "encoded", first.path());
    first = std::move(second);
    auto metadata = first.metadata();
    { const auto gone = std::move(first); }
    CHECK(metadata.blob_id() == made.metadata.blob_id());
    const auto moved = std::move(metadata);
    CHECK_FAILS(invalid_argument, "metadata", metadata.blob_id());
    CHECK_FAILS(invalid_argument, "metadata", metadata.root_hash());
    CHECK_FAILS(invalid_argument, "metadata", metadata.to_bcs());
    CHECK_FAILS(invalid_argument, "metadata", metadata.shape());
    CHECK_FAILS(invalid_argument, "metadata", metadata.commitment());
    CHECK_FAILS(invalid_argument, "metadata", metadata.sliver_root(wal::axis::primary, 0));
    CHECK_FAILS(invalid_argument, "metadata", context.decode({metadata, made.slivers()}));
}

void metadata(const sample &made) {
    const auto &first = made.metadata;
    CHECK(first.sliver_root(wal::axis::primary, 0) != first.sliver_root(wal::axis::secondary, 0));
    CHECK_FAILS(not_found, "7", first.sliver_root(wal::axis::primary, 7));
    auto bcs = first.to_bcs();
    CHECK(wal::metadata::from_bcs(bcs, 7).blob_id() == first.blob_id());
    CHECK_FAILS(invalid_metadata, "1000", wal::metadata::from_bcs(bcs));
    CHECK_FAILS(invalid_metadata, "", wal::metadata::from_bcs(bcs, 7, wal::blob_id()));
    bcs[60] ^= 1;
    CHECK_FAILS(invalid_metadata, "", wal::metadata::from_bcs(bcs, 7));
    bcs.pop_back();
    CHECK_FAILS(malformed, "", wal::metadata::from_bcs(bcs, 7));
    const auto result = wal::metadata::try_from_bcs({});
    CHECK(!result && result.failure().status == wal::status::malformed);
}

} // namespace

void test_encoding() {
    const auto context = cpu();
    const sample made(context);
    sources(context, made);
    sinks(context, made);
    choices(context, made);
    cancelling(context);
    batches(context, made);
    moves(context, made);
    metadata(made);
}
