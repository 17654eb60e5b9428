DROP TABLE declaration_reviews;
DROP TABLE declarations;
