import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.lucene.analysis.core.WhitespaceTokenizer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LogDocMergePolicy;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.PhraseQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreMode;
import org.apache.lucene.search.Scorer;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.TopScoreDocCollectorManager;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.Version;

/**
 * index TOKENS INDEX_DIR: indexes the lines of what spimi_write_tokens wrote, with positions, into one segment. serve
 * INDEX_DIR: answers the lines of the search-benchmark-game on standard input, as its Lucene engine does. A query is terms
 * and phrases with a sign or none; its words are a-z, which are terms as they stand.
 */
public class LuceneQueries {
  private static final Pattern CLAUSE = Pattern.compile("([+-]?)(?:\"([^\"]*)\"|(\\S+))");
  private static final int MAX_TOKEN_CHARS = 255 * 20; // the longest that 255 bytes can become when they are folded

  public static void main(String[] args) throws Exception {
    if (args.length == 3 && args[0].equals("index")) {
      index(Path.of(args[1]), Path.of(args[2]));
    } else if (args.length == 2 && args[0].equals("serve")) {
      serve(Path.of(args[1]));
    } else if (args.length == 1 && args[0].equals("version")) {
      System.out.println("Lucene " + Version.LATEST);
    } else {
      System.err.println("usage: index TOKENS INDEX_DIR, or serve INDEX_DIR, or version");
      System.exit(2);
    }
  }

  private static void index(Path tokens, Path out) throws IOException {
    IndexWriterConfig config = new IndexWriterConfig();
    config.setOpenMode(IndexWriterConfig.OpenMode.CREATE);
    config.setRAMBufferSizeMB(256);
    config.setMergePolicy(new LogDocMergePolicy()); // which keeps documents in their order
    try (Directory directory = FSDirectory.open(out);
        IndexWriter writer = new IndexWriter(directory, config);
        BufferedReader lines = Files.newBufferedReader(tokens)) {
      WhitespaceTokenizer tokenizer = new WhitespaceTokenizer(MAX_TOKEN_CHARS);
      Document document = new Document();
      document.add(new TextField("body", tokenizer));
      for (String line; (line = lines.readLine()) != null; ) {
        tokenizer.setReader(new StringReader(line));
        writer.addDocument(document);
      }
      writer.forceMerge(1);
      writer.commit();
    }
  }

  private static void serve(Path index) throws Exception {
    DirectoryReader reader = DirectoryReader.open(FSDirectory.open(index));
    IndexSearcher searcher = new IndexSearcher(reader);
    searcher.setQueryCache(null);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String line; (line = in.readLine()) != null; ) {
      String[] parts = line.split("\t", 2);
      out.println(answer(searcher, parts[0], parse(parts[1])));
    }
  }

  private static Query parse(String text) {
    BooleanQuery.Builder all = new BooleanQuery.Builder();
    int numClauses = 0;
    Query last = null;
    boolean signs = false;
    for (Matcher m = CLAUSE.matcher(text); m.find(); ++numClauses) {
      last =
          m.group(2) != null
              ? new PhraseQuery("body", m.group(2).toLowerCase(Locale.ROOT).split(" "))
              : new TermQuery(new Term("body", m.group(3)));
      signs |= !m.group(1).isEmpty();
      all.add(
          last,
          switch (m.group(1)) {
            case "+" -> BooleanClause.Occur.MUST;
            case "-" -> BooleanClause.Occur.MUST_NOT;
            default -> BooleanClause.Occur.SHOULD;
          });
    }
    return numClauses == 1 && !signs ? last : all.build();
  }

  private static String answer(IndexSearcher searcher, String command, Query query) throws IOException {
    if (command.equals("COUNT")) return Integer.toString(searcher.count(query));
    if (command.equals("DOCS")) {
      return matches(searcher, query).stream().mapToObj(Integer::toString).collect(Collectors.joining(" "));
    }
    boolean counts = command.endsWith("_COUNT");
    int k = Integer.parseInt(command.substring(4, command.length() - (counts ? 6 : 0)));
    var manager = new TopScoreDocCollectorManager(k, counts ? Integer.MAX_VALUE : k);
    long count = searcher.search(query, manager).totalHits.value();
    return counts ? Long.toString(count) : "1";
  }

  /** Of the only segment. */
  private static BitSet matches(IndexSearcher searcher, Query query) throws IOException {
    BitSet docids = new BitSet();
    Scorer scorer =
        searcher
            .createWeight(searcher.rewrite(query), ScoreMode.COMPLETE_NO_SCORES, 1)
            .scorer(searcher.getIndexReader().leaves().get(0));
    if (scorer == null) return docids;
    DocIdSetIterator matching = scorer.iterator();
    for (int docid; (docid = matching.nextDoc()) != DocIdSetIterator.NO_MORE_DOCS; ) docids.set(docid);
    return docids;
  }
}
